// Package bucket knows what the setting bucket may name: a bucket, a directory
// bucket of S3 Express One Zone, or an access point by its ARN or its alias. It
// also knows what each of them is called in a policy, in every AWS partition.
package bucket
