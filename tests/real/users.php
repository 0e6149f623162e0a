<?php
// Gives a site that was just installed its permalinks and its users; says their application passwords as JSON.
// Arguments: the folder of the site, then JSON: login → role.
require $argv[1] . '/wp-load.php';
$wp_rewrite->set_permalink_structure('/%postname%/');
flush_rewrite_rules();
$passwords = [];
foreach (json_decode($argv[2], true) as $login => $role) {
    $id = username_exists($login) ?: wp_create_user($login, wp_generate_password(), "$login@example.org");
    (new WP_User($id))->set_role($role);
    [$passwords[$login]] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'campaign']);
}
echo json_encode($passwords);
