"""Which address leads to which room."""

from starlette.routing import Route

from campaign.sandbox.mastodon import accounts, instance, media, oauth, statuses

ROUTES = [
    Route("/health", instance.health),
    Route("/.well-known/nodeinfo", instance.nodeinfo_links),
    Route("/nodeinfo/2.0", instance.nodeinfo),
    Route("/api/v1/instance", instance.v1),
    Route("/api/v2/instance", instance.v2),
    Route("/api/v1/apps", oauth.create_app, methods=["POST"]),
    Route("/api/v1/apps/verify_credentials", oauth.verify_app),
    Route("/oauth/authorize", oauth.authorize, methods=["GET", "POST"]),
    Route("/oauth/token", oauth.token, methods=["POST"]),
    Route("/oauth/revoke", oauth.revoke, methods=["POST"]),
    Route("/api/v1/accounts/verify_credentials", accounts.verify_credentials),
    Route("/api/v1/accounts/lookup", accounts.lookup),
    Route("/api/v1/accounts/{id}", accounts.show),
    Route("/api/v1/accounts/{id}/statuses", accounts.statuses),
    Route("/api/v1/statuses", statuses.create, methods=["POST"]),
    Route("/api/v1/statuses", statuses.show_many, methods=["GET"]),
    Route("/api/v1/statuses/{id}", statuses.show, methods=["GET"]),
    Route("/api/v1/statuses/{id}", statuses.edit, methods=["PUT"]),
    Route("/api/v1/statuses/{id}", statuses.delete, methods=["DELETE"]),
    Route("/api/v1/statuses/{id}/source", statuses.source),
    Route("/api/v1/statuses/{id}/history", statuses.versions),
    Route("/api/v1/statuses/{id}/context", statuses.context),
    Route("/api/v1/statuses/{id}/favourited_by", accounts.favourited_by),
    Route("/api/v1/statuses/{id}/favourite", accounts.favourite, methods=["POST"]),
    Route("/api/v1/statuses/{id}/unfavourite", accounts.favourite, methods=["POST"]),
    Route("/api/v1/statuses/{id}/reblog", accounts.reblog, methods=["POST"]),
    Route("/api/v1/statuses/{id}/unreblog", accounts.reblog, methods=["POST"]),
    Route("/api/v1/media", media.upload, methods=["POST"]),
    Route("/api/v2/media", media.upload, methods=["POST"]),
    Route("/api/v1/media/{id}", media.show, methods=["GET"]),
    Route("/api/v1/media/{id}", media.update, methods=["PUT"]),
    Route("/api/v1/media/{id}", media.delete, methods=["DELETE"]),
    Route("/media/{id}/{name}", media.serve),
]
