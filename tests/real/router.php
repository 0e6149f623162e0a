<?php
// For PHP's own web server: a file is served, a folder goes to its index.php, and all else to WordPress.
$path = $_SERVER['DOCUMENT_ROOT'] . urldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
if (is_dir($path) && is_file("$path/index.php")) {
    chdir($path);
    require "$path/index.php";
    return;
}
if (is_file($path)) {
    return false;
}
chdir($_SERVER['DOCUMENT_ROOT']);
$_SERVER['SCRIPT_NAME'] = '/index.php';
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
