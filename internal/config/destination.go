package config

import "github.com/s3-destination/s3-destination/internal/store"

// destination is the bucket, and the way to it.
func destination(s *store.Config) settings {
	return settings{
		text("bucket", &s.Bucket).
			doc("The bucket to write to. It must exist; it is never created. A general purpose bucket, a directory bucket (`name--zone--x-s3`), or an access point by its ARN or alias.").
			example("my-bucket").
			example("arn:aws:s3:eu-west-1:111122223333:accesspoint/landing"),
		text("region", &s.Region).
			doc("The region of the bucket. Taken from the environment (`AWS_REGION`, profile) when empty, or from the ARN of an access point.").
			or("").
			example("eu-west-1"),
		text("endpoint", &s.Endpoint).
			doc("The URL of an S3-compatible store; empty means AWS. Also decides what `checksum: auto` is.").
			or("").advanced().
			example("http://localhost:9000"),
		flag("force_path_style_urls", &s.ForcePathStyle).
			doc("Put the bucket into the path of URLs instead of the host name, as most S3-compatible stores need.").
			or(false).advanced(),
	}
}
