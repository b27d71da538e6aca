package store

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// judged is what becomes of an answer to an operation on the key a/k.
func judged(t *testing.T, p *proof, op Op, sent http.Header, status int, body string, header ...string) error {
	t.Helper()
	a, _, err := read(t, op, status, body, header...)
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPut, "http://host/b/a/k", http.NoBody)
	r.Header = sent
	return p.judge(r, "a/k", a)
}

// TestWhatProvesASuccess, for each operation, and what the message misses.
func TestWhatProvesASuccess(t *testing.T) {
	etag := []string{"ETag", `"e"`}
	for _, c := range []struct {
		what   string
		op     Op
		status int
		body   string
		header []string
		want   string // that the message misses; empty for a proof
	}{
		{"an ETag", OpPutObject, 200, "", etag, ""},
		{"no ETag", OpPutObject, 200, "", nil, "no ETag"},
		{"an ETag with HTML", OpUploadPart, 200, "<html>", etag, "HTML where an ETag belongs"},
		{"an ETag with text", OpUploadPart, 200, "OK", etag, "something that is not XML where an ETag belongs"},
		{"an ETag with XML", OpPutObject, 200, "<Result/>", etag, ""},
		{"another success", OpPutObject, 201, "", etag, "HTTP 201 where a success of S3 belongs"},
		{"the last success", OpPutObject, 299, "", etag, "HTTP 299 where a success of S3 belongs"},
		{"a deletion", OpDeleteObject, 204, "", nil, ""},
		{"a deletion with words", OpDeleteObject, 200, "gone", nil, ""},
		{"a deletion that is accepted", OpDeleteObject, 202, "", nil, "HTTP 202 where a success of S3 belongs"},
		{"a deletion in HTML", OpDeleteObject, 200, "<html>", nil, "HTML where nothing belongs"},
		{"an abort", OpAbortMultipartUpload, 204, "", nil, ""},
		{"an abort in HTML", OpAbortMultipartUpload, 200, "<html>", nil, "HTML where nothing belongs"},
		{"an object", OpHeadObject, 200, "", etag, ""},
		{"an object with an id", OpHeadObject, 200, "", []string{"X-Amz-Request-Id", "1"}, ""},
		{"an object of ours", OpHeadObject, 200, "", []string{"X-Amz-Meta-S3d-Identity", "1"}, ""},
		{"a page", OpHeadObject, 200, "", []string{"Content-Type", "text/plain"}, "nothing that describes an object"},
		{"an object by another status", OpHeadObject, 206, "", etag, "HTTP 206 where a success of S3 belongs"},
		{"an upload", OpCreateMultipartUpload, 200, "<R><UploadId>u</UploadId></R>", nil, ""},
		{"no upload", OpCreateMultipartUpload, 200, "<R/>", etag, "<R> where an UploadId belongs"},
		{"nothing at all", OpCreateMultipartUpload, 200, "", nil, "nothing where an UploadId belongs"},
		{"text", OpCreateMultipartUpload, 200, "OK", nil, "something that is not XML where an UploadId belongs"},
		{"a result", OpCompleteMultipartUpload, 200, "<R><ETag>e</ETag></R>", nil, ""},
		{"no result", OpCompleteMultipartUpload, 200, "<R/>", etag, "<R> where the result of CompleteMultipartUpload belongs"},
		{"a list", OpListObjects, 200, "<ListBucketResult/>", nil, ""},
		{"a list by another name", OpListObjects, 200, "<ListBucketV2Result/>", nil, ""},
		{"no list", OpListObjects, 200, "<R/>", etag, "<R> where a list of objects belongs"},
		{"our key", OpCreateMultipartUpload, 200, "<R><Key>a/k</Key><UploadId>u</UploadId></R>", nil, ""},
		{"our key behind a prefix", OpCreateMultipartUpload, 200, "<R><Key>x/a/k</Key><UploadId>u</UploadId></R>", nil, ""},
		{"our key encoded", OpCreateMultipartUpload, 200, "<R><Key>a%2Fk</Key><UploadId>u</UploadId></R>", nil, ""},
		{"another key", OpCreateMultipartUpload, 200, "<R><Key>b/k</Key><UploadId>u</UploadId></R>", nil, "the result of another object"},
		{"another key that ends alike", OpCreateMultipartUpload, 200, "<R><Key>aa/k</Key><UploadId>u</UploadId></R>", nil, "the result of another object"},
		{"a key that cannot be decoded", OpCreateMultipartUpload, 200, "<R><Key>%zz</Key><UploadId>u</UploadId></R>", nil, "the result of another object"},
		{"an error inside", OpPutObject, 200, "<Error><Code>SlowDown</Code></Error>", nil, ""},
	} {
		p := &proof{learned: &learned{}}
		err := judged(t, p, c.op, nil, c.status, c.body, c.header...)
		if c.want == "" {
			require.NoError(t, err, c.what)
			continue
		}
		var f *foreign
		require.ErrorAs(t, err, &f, c.what)
		assert.Contains(t, f.reason, ": this server does not answer like S3: "+c.want+"; ", c.what)
		assert.True(t, f.sent, c.what)
		assert.Equal(t, c.status, f.status)
	}
	var f *foreign
	require.ErrorAs(t, judged(t, &proof{}, OpPutObject, nil, 300, "", "ETag", `"e"`), &f)
	assert.False(t, f.sent, "a redirect is no success")
}

func TestPartsOfObjectsAreForThoseWhoAskForThem(t *testing.T) {
	p, etag := &proof{learned: &learned{}}, []string{"ETag", `"e"`}
	require.NoError(t, judged(t, p, OpGetObject, http.Header{"Range": {"bytes=0-1"}}, 206, "{}", etag...))
	require.NoError(t, judged(t, p, OpGetObject, http.Header{"Range": {"bytes=0-1"}}, 200, "{}", etag...))
	require.ErrorContains(t, judged(t, p, OpGetObject, nil, 206, "{}", etag...), "HTTP 206 where a success of S3 belongs")
}

// TestChecksumsThatAreRepeated: compared for every algorithm that S3 repeats, in
// the headers or in the result, and expected once they have come.
func TestChecksumsThatAreRepeated(t *testing.T) {
	for _, header := range []string{"X-Amz-Checksum-Crc32c", "X-Amz-Checksum-Crc64nvme", "X-Amz-Checksum-Sha256"} {
		for _, op := range []Op{OpPutObject, OpUploadPart} {
			p := &proof{learned: &learned{}}
			sent := http.Header{header: {"sent"}}
			answer := func(got string) error { return judged(t, p, op, sent, 200, "", "ETag", "e", header, got) }
			require.NoError(t, answer(""), "never repeated")
			assert.Equal(t, Unknown, p.learned.of(ChecksumEcho))
			require.NoError(t, answer("parts-2"))
			assert.Equal(t, Unknown, p.learned.of(ChecksumEcho))
			require.NoError(t, answer("sent"))
			assert.Equal(t, Shown, p.learned.of(ChecksumEcho))
			require.ErrorContains(t, answer(""), "no checksum where earlier answers have confirmed it")
			require.EqualError(t, answer("other"), "the store confirms the checksum other, and sent was sent")
			require.NoError(t, judged(t, p, op, nil, 200, "", "ETag", "e"), "none was sent")
			require.NoError(t, judged(t, p, OpCompleteMultipartUpload, sent, 200, "<R><ETag>e</ETag></R>"), "of another operation")
		}
	}
	for header, element := range map[string]string{"X-Amz-Checksum-Crc32c": "ChecksumCRC32C", "X-Amz-Checksum-Crc64nvme": "ChecksumCRC64NVME"} {
		p := &proof{learned: &learned{}}
		sent := http.Header{header: {"sent"}}
		result := func(got string) error {
			return judged(t, p, OpCompleteMultipartUpload, sent, 200, "<R><ETag>e</ETag><"+element+">"+got+"</"+element+"></R>")
		}
		require.NoError(t, result("sent"))
		assert.Equal(t, Shown, p.learned.of(ChecksumEcho))
		require.ErrorContains(t, result("other"), "the store confirms the checksum other")
		require.ErrorContains(t, result(""), "no checksum where")
	}
	p := &proof{learned: &learned{}}
	require.NoError(t, judged(t, p, OpHeadObject, http.Header{"X-Amz-Checksum-Crc32c": {"sent"}}, 200, "", "ETag", "e", "X-Amz-Checksum-Crc32c", "other"), "which sends none")
}

func TestOnlyOpeningASessionIsLeftUnjudged(t *testing.T) {
	for _, c := range []struct {
		method, url string
		want        bool
	}{{"GET", "http://b/?session", true}, {"PUT", "http://b/?session", false}, {"GET", "http://b/", false}, {"GET", "http://b/?sessions", false}} {
		assert.Equal(t, c.want, opensSession(httptest.NewRequest(c.method, c.url, http.NoBody)), c)
	}
}

// TestOnlyARefusedExpectationIsTakenForOne: neither another error of a request
// that carries one, nor a 417 of S3 to a request without.
func TestOnlyARefusedExpectationIsTakenForOne(t *testing.T) {
	p, expect := &proof{learned: &learned{}}, http.Header{"Expect": {"100-continue"}}
	require.NoError(t, judged(t, p, OpPutObject, expect, 403, "<Error/>"), "an error of S3")
	require.NoError(t, judged(t, p, OpPutObject, nil, 417, "<Error/>"), "an error of S3")
	var f *foreign
	require.ErrorAs(t, judged(t, p, OpPutObject, expect, 417, "<Error/>"), &f)
	assert.True(t, f.expect)
	require.ErrorAs(t, judged(t, p, OpPutObject, nil, 417, ""), &f)
	assert.False(t, f.expect, "there is nothing to leave out")
	require.ErrorAs(t, judged(t, p, OpPutObject, expect, 403, ""), &f)
	assert.False(t, f.expect)
}
