"""What saved sites of buckets may say. The connect screen draws it as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from providers.base import Place
from providers.location import S3_SETTINGS
from providers.s3 import keys
from providers.s3.options import Checksums, Preset, options_of
from providers.s3.storing import Encryption
from providers.sites import Field, Site

_SETTINGS = {
    "access_key_id": ("AWS_ACCESS_KEY_ID",),
    "profile": ("AWS_PROFILE",),
    "endpoint_url": ("AWS_ENDPOINT_URL",),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}
_MAKES_A_SITE = ("access_key_id", "profile", "endpoint_url")


class S3Sites:
    """See `providers.sites.SiteKind`."""

    kind = "s3"
    title = "S3"
    fields = (
        Field("preset", "Service", choices=get_args(Preset)),
        Field("bucket", "Start in", "bucket or bucket/folder; else the list of buckets"),
        Field("access_key_id", "Access key ID", "else a profile, or what AWS's tools would use"),
        Field("secret_access_key", "Secret key", "asked for when it is needed", secret="password"),
        Field("session_token", "Session token", "of temporary keys", secret="token"),
        Field("profile", "AWS profile", "of ~/.aws/config, also for SSO and assumed roles"),
        Field("anonymous", "Without keys", choices=("no", "yes")),
        Field("region", "Region", "eu-central-1"),
        Field("endpoint_url", "Address", "https://host:9000, where it is not Amazon"),
        Field("path_style", "Bucket in the path", choices=("auto", "yes", "no")),
        Field("checksums", "Checksums", choices=get_args(Checksums)),
        Field("encryption", "Encryption", choices=get_args(Encryption)),
        Field("kms_key_id", "KMS key", "ID, ARN or alias/NAME; else the service's own"),
        Field("customer_key", "Customer key", "32 bytes in base64", secret="encryption"),
        Field("storage_class", "Storage class", "STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR …"),
        Field("acl", "ACL", "private, public-read, bucket-owner-full-control …"),
        Field("tags", "Tags", "key=value, key=value"),
        Field("metadata", "Metadata", "key=value, key=value"),
        Field("content_type", "Content type", "guess; or text/plain"),
        Field("ca_bundle", "Trusted CA", "PEM file, instead of the usual authorities"),
        Field("proxy", "Proxy", "environment; or none, or http://host:3128"),
    )

    def place(self, site: Site) -> Place:
        """The service's address and the site's name are in the endpoint: what is meant for one
        service never goes to another."""
        options = options_of(site.values)
        start = site.values.get("bucket", "")
        return Place(f"s3:{options.endpoint_url}#{site.name}", keys.resolve(start))

    def from_environment(self, settings: Mapping[str, str]) -> Sequence[Site]:
        """AWS_ACCESS_KEY_ID, AWS_PROFILE or AWS_ENDPOINT_URL make a site."""
        values = {
            field: next((settings[each] for each in named if settings.get(each)), "")
            for field, named in _SETTINGS.items()
        }
        if not any(values[field] for field in _MAKES_A_SITE):
            return ()
        given = {field: value for field, value in values.items() if value}
        return (Site(S3_SETTINGS, self.kind, given, origin="environment"),)


KINDS = (S3Sites(),)
