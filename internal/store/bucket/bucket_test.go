package bucket

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNames(t *testing.T) {
	for text, want := range map[string]struct {
		kind    Kind
		arn     string // of the bucket
		objects string // below p/
		action  string // that writes
	}{
		"my-bucket": {Plain, "arn:aws:s3:::my-bucket", "arn:aws:s3:::my-bucket/p/*", "s3:PutObject"},
		"My_old.1":  {Plain, "arn:aws:s3:::My_old.1", "arn:aws:s3:::My_old.1/p/*", "s3:PutObject"},
		"tenant:b":  {Plain, "arn:aws:s3:::tenant:b", "arn:aws:s3:::tenant:b/p/*", "s3:PutObject"},
		"arn:aws:s3:eu-west-1:111122223333:accesspoint/landing": {
			AccessPoint, "arn:aws:s3:eu-west-1:111122223333:accesspoint/landing",
			"arn:aws:s3:eu-west-1:111122223333:accesspoint/landing/object/p/*", "s3:PutObject",
		},
		"arn:aws-cn:s3:cn-north-1:111122223333:accesspoint:landing": {
			AccessPoint, "arn:aws-cn:s3:cn-north-1:111122223333:accesspoint/landing",
			"arn:aws-cn:s3:cn-north-1:111122223333:accesspoint/landing/object/p/*", "s3:PutObject",
		},
		"arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap": {
			AccessPoint, "arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap",
			"arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap/object/p/*", "s3:PutObject",
		},
		"arn:aws:s3-outposts:us-west-2:111122223333:outpost:op-01:accesspoint:landing": {
			Outpost, "arn:aws:s3-outposts:us-west-2:111122223333:outpost/op-01/accesspoint/landing",
			"arn:aws:s3-outposts:us-west-2:111122223333:outpost/op-01/accesspoint/landing/object/p/*", "s3-outposts:PutObject",
		},
		"landing--usw2-az1--x-s3": {
			Directory, "arn:aws:s3express:us-west-2:*:bucket/landing--usw2-az1--x-s3",
			"arn:aws:s3express:us-west-2:*:bucket/landing--usw2-az1--x-s3", "s3express:CreateSession",
		},
		"landing--usw2-az1--xa-s3": {
			Directory, "arn:aws:s3express:us-west-2:*:accesspoint/landing--usw2-az1--xa-s3",
			"arn:aws:s3express:us-west-2:*:accesspoint/landing--usw2-az1--xa-s3", "s3express:CreateSession",
		},
		"landing-abc-s3alias": {
			Alias, "arn:aws:s3:us-west-2:<ACCOUNT ID>:accesspoint/<NAME OF THE ACCESS POINT>",
			"arn:aws:s3:us-west-2:<ACCOUNT ID>:accesspoint/<NAME OF THE ACCESS POINT>/object/p/*", "s3:PutObject",
		},
		"landing-o01--op-s3": {
			Alias, "arn:aws:s3-outposts:us-west-2:<ACCOUNT ID>:accesspoint/<NAME OF THE ACCESS POINT>",
			"arn:aws:s3-outposts:us-west-2:<ACCOUNT ID>:accesspoint/<NAME OF THE ACCESS POINT>/object/p/*", "s3-outposts:PutObject",
		},
	} {
		t.Run(text, func(t *testing.T) {
			n, err := Parse(text)
			require.NoError(t, err)
			assert.Equal(t, text, n.String())
			assert.Equal(t, want.kind, n.Kind)
			n = n.In("aws", "us-west-2", "")
			assert.Equal(t, want.arn, n.ARN())
			assert.Equal(t, want.objects, n.Objects("p/*"))
			assert.Equal(t, want.action, n.Action("PutObject"))
			assert.Equal(t, want.kind == AccessPoint || want.kind == Outpost, n.IsARN())
		})
	}
}

func TestWhatIsKnownOfThePlaceIsKept(t *testing.T) {
	n, err := Parse("arn:aws-us-gov:s3:us-gov-west-1:111122223333:accesspoint/landing")
	require.NoError(t, err)
	assert.Equal(t, n, n.In("aws", "eu-west-1", "444455556666"))

	n, err = Parse("landing--euw1-az1--x-s3")
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:s3express:*:*:bucket/landing--euw1-az1--x-s3", n.ARN())
	assert.Equal(t, "arn:aws-eusc:s3express:eusc-de-east-1:444455556666:bucket/landing--euw1-az1--x-s3", n.In("aws-eusc", "eusc-de-east-1", "444455556666").ARN())
}

func TestNamesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "bucket: it is missing",
		"s3://my-bucket":                    `bucket: "s3://my-bucket" is not the name of a bucket: write my-bucket`,
		"s3://my-bucket/":                   "write my-bucket",
		"my-bucket/events/in":               "write my-bucket, and put events/in into folder",
		"arn:aws:s3:::my-bucket":            "and only access points are named by one: write my-bucket",
		"arn:aws:s3:::my-bucket/events":     "write my-bucket",
		"${aws:username}":                   "write small letters, digits, dots and hyphens",
		"b${*}":                             "is not the name of a bucket",
		"*":                                 "is not the name of a bucket",
		"b?":                                "is not the name of a bucket",
		"my bucket":                         "is not the name of a bucket",
		"b\n":                               `bucket: "b\n" is not the name of a bucket`,
		"b\",\"Resource\":\"*":              "is not the name of a bucket",
		"büro":                              "is not the name of a bucket",
		"-b":                                "is not the name of a bucket",
		"arn:aws:s3:eu-west-1:111122223333": "is not an ARN",
		"arn:aws:s3:eu-west-1:111122223333:bucket/b":                                    "is not the ARN of an access point: write one such as",
		"arn:aws:iam::111122223333:role/r":                                              "is not the ARN of an access point",
		"arn:aws:s3-object-lambda:eu-west-1:111122223333:accesspoint/l":                 "is not the ARN of an access point",
		"arn:aws:s3express:eu-west-1:111122223333:bucket/b--euw1-az1--x-s3":             "write the name alone, which ends in --x-s3",
		"arn:aws:s3:eu-west-1:*:accesspoint/landing":                                    "is no whole ARN of an access point",
		"arn:aws:s3:eu-west-1:111122223333:accesspoint/*":                               "is not the ARN of an access point",
		"arn:aws:s3:*:111122223333:accesspoint/landing":                                 "is no whole ARN of an access point",
		"arn:aws:s3::111122223333:accesspoint/landing":                                  "is no whole ARN of an access point",
		"arn:*:s3:eu-west-1:111122223333:accesspoint/landing":                           "is no whole ARN of an access point",
		"arn:aws-cn:s3:eu-west-1:111122223333:accesspoint/landing":                      "region eu-west-1, which is in partition aws, not aws-cn",
		"arn:aws:s3:cn-north-1:111122223333:accesspoint/landing":                        "region cn-north-1, which is in partition aws-cn, not aws",
		"arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op-01/bucket/b":             "is not the ARN of an access point",
		"arn:aws:s3:eu-west-1:111122223333:accesspoint/landing/object/events":           "is not the ARN of an access point",
		"arn:aws:s3:eu-west-1:111122223333:accesspoint/${aws:username}":                 "is not the ARN of an access point",
		"arn:aws:s3-outposts:eu-west-1:111122223333:outpost/*/accesspoint/landing":      "is not the ARN of an access point",
		"arn:aws:s3-outposts::111122223333:outpost/op-01/accesspoint/landing":           "is no whole ARN of an access point",
		"arn:aws:s3-outposts:eu-west-1::outpost/op-01/accesspoint/landing":              "is no whole ARN of an access point",
		"arn:aws:s3:eu-west-1:1111:accesspoint/landing":                                 "is no whole ARN of an access point",
		"arn:aws-mars:s3:mars-north-1:111122223333:accesspoint/landing":                 "is no whole ARN of an access point",
		"arn:aws:s3:eu-west-1:111122223333:accesspoint/":                                "is not the ARN of an access point",
		"arn:aws:s3:eu-west-1:111122223333:accesspoint/landing\",\"Resource\":\"*":      "is not the ARN of an access point",
		"arn:aws:s3:eu-west-1:111122223333:accesspoint/landing ":                        "is not the ARN of an access point",
		"arn:aws:s3:eu-west-1:111122223333:accesspoint/landing/":                        "is not the ARN of an access point",
		"arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op-01/accesspoint/landing?": "is not the ARN of an access point",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestPartitions(t *testing.T) {
	for region, want := range map[string]string{
		"": "aws", "eu-west-1": "aws", "us-west-2": "aws", "mx-central-1": "aws", "auto": "aws",
		"cn-north-1": "aws-cn", "cn-northwest-1": "aws-cn", "us-gov-east-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f",
	} {
		assert.Equal(t, want, Partition(region), region)
		assert.True(t, IsPartition(want))
	}
	assert.False(t, IsPartition("*"))
}

func TestEndpointsOfOthers(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"": false,
		"https://bucket.vpce-0a1b-x.s3.eu-west-1.vpce.amazonaws.com":    false,
		"https://s3.cn-north-1.amazonaws.com.cn:443/":                   false,
		"https://S3.EU-WEST-1.AMAZONAWS.COM.":                           false,
		"https://s3.dualstack.eu-west-1.api.aws":                        false,
		"https://s3.eusc-de-east-1.amazonaws.eu":                        false,
		"https://s3.us-iso-east-1.c2s.ic.gov":                           false,
		"https://storage.googleapis.com":                                true,
		"http://localhost:9000":                                         true,
		"http://s3.localhost.localstack.cloud:4566":                     true,
		"https://notamazonaws.com":                                      true,
		"https://amazonaws.com.example":                                 true,
		"https://s3.amazonaws.com.example.net":                          true,
		"https://0123.r2.cloudflarestorage.com":                         true,
		"https://s3.oss-cn-hangzhou.aliyuncs.com":                       true,
		"https://ns.compat.objectstorage.eu-zurich-1.oraclecloud.com":   true,
		"https://minio.example/path-that-ends-in.amazonaws.com":         true,
		"https://s3.eu-central-1.wasabisys.com?x=https://amazonaws.com": true,
		"://": true,
	} {
		assert.Equal(t, want, Foreign(endpoint), endpoint)
	}
}
