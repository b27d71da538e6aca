package store

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read reads an answer as it comes from the connection, and what is left for the
// SDK.
func read(t *testing.T, op Op, status int, body string, header ...string) (a answer, left string, err error) {
	t.Helper()
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	resp := &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
	a, err = readAnswer(op, resp)
	rest, readErr := io.ReadAll(resp.Body)
	require.NoError(t, readErr)
	return a, string(rest), err
}

// TestResultsAreReadWhole, behind white space and in any encoding, and only where
// they prove something.
func TestResultsAreReadWhole(t *testing.T) {
	space := strings.Repeat(" \n", headBytes)
	const done = `<Done><Key>k</Key><ETag>e</ETag></Done>`
	for name, c := range map[string]struct {
		op   Op
		body string
		want result
		bad  bool
	}{
		"a result":                   {OpCompleteMultipartUpload, done, result{Key: "k", ETag: "e"}, false},
		"the begin of an upload":     {OpCreateMultipartUpload, "<I><UploadId>u</UploadId></I>", result{UploadID: "u"}, false},
		"behind white space":         {OpCompleteMultipartUpload, space + done, result{Key: "k", ETag: "e"}, false},
		"in another encoding":        {OpCompleteMultipartUpload, `<?xml version="1.0" encoding="latin1"?>` + done, result{Key: "k", ETag: "e"}, false},
		"cut off":                    {OpCompleteMultipartUpload, done[:20], result{Key: "k"}, true},
		"an error that is cut off":   {OpCompleteMultipartUpload, "<Error><Code>SlowDown", result{}, false},
		"JSON":                       {OpCompleteMultipartUpload, `{"ETag":"e"}`, result{}, false},
		"of an operation that needs": {OpListObjects, done, result{}, false},
	} {
		a, left, err := read(t, c.op, 200, c.body)
		if !c.bad {
			require.NoError(t, err, name)
			assert.Equal(t, c.want, a.result, name)
		} else {
			require.ErrorContains(t, err, "reading the answer: ", name)
		}
		assert.Equal(t, c.body, left, "%s: nothing is taken from the SDK", name)
	}
}

func TestAConnectionThatBreaksInAnAnswer(t *testing.T) {
	reset := errors.New("reset")
	resp := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(iotest.ErrReader(reset))}
	_, err := readAnswer(OpPutObject, resp)
	require.ErrorIs(t, err, reset)
	require.ErrorContains(t, err, "reading the answer: ")
}

// TestWhoHasAnswered: a status alone is S3's only in answer to a HEAD, and only
// where it is none that a gateway gives.
func TestWhoHasAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		op     Op
		status int
		body   string
		header []string
		want   bool
	}{
		"an error of S3":            {OpPutObject, 403, "<Error><Code>AccessDenied</Code></Error>", nil, true},
		"XML of another kind":       {OpPutObject, 403, "<fault/>", nil, false},
		"HTML with a request id":    {OpPutObject, 403, "<html>", []string{"X-Amz-Request-Id", "1"}, false},
		"nothing":                   {OpPutObject, 403, "", nil, false},
		"a request id":              {OpPutObject, 403, "", []string{"X-Amz-Request-Id", "1"}, true},
		"the other id":              {OpPutObject, 403, "", []string{"X-Amz-Id-2", "1"}, true},
		"a region":                  {OpPutObject, 301, "", []string{"X-Amz-Bucket-Region", "r"}, true},
		"HEAD":                      {OpHeadObject, 404, "", nil, true},
		"HEAD, the last of success": {OpHeadObject, 299, "", nil, true},
		"HEAD, moved":               {OpHeadObject, 300, "", nil, false},
		"HEAD, the last redirect":   {OpHeadObject, 399, "", nil, false},
		"HEAD, a bad request":       {OpHeadObject, 400, "", nil, true},
		"HEAD by a proxy":           {OpHeadObject, 407, "", nil, false},
	} {
		a, _, err := read(t, c.op, c.status, c.body, c.header...)
		require.NoError(t, err)
		assert.Equal(t, c.want, a.fromS3(), name)
	}
}

func TestAnswersAreDescribed(t *testing.T) {
	for want, c := range map[string]struct {
		body   string
		header []string
	}{
		"HTTP 418":           {"", nil},
		"HTTP 418 with HTML": {"<html>", nil},
		"HTTP 418 with XML that begins with <fault>":      {"<fault/>", nil},
		"HTTP 418 with a body that is not XML":            {"tea", nil},
		"HTTP 418 (server pot)":                           {"", []string{"Server", "pot"}},
		"HTTP 418 with HTML (server pot, via 1.1 kettle)": {"<html>", []string{"Via", "1.1 kettle", "Server", "pot"}},
	} {
		a, _, err := read(t, OpPutObject, 418, c.body, c.header...)
		require.NoError(t, err)
		assert.Equal(t, want, a.what())
	}
}

// TestHTMLThatIsNoXML: pages for people are seldom well-formed, and begin in
// their own ways.
func TestHTMLThatIsNoXML(t *testing.T) {
	for _, page := range []string{"<!doctype html><p", "<html lang=en", "<HTML\n<", " \n<!DOCTYPE html>", "<?xml version='1.0'?><html/>"} {
		kind, root := kindOf([]byte(page), "")
		assert.Equal(t, docHTML, kind, page)
		assert.Empty(t, root)
	}
}

func TestTextOfServersIsCutAndCleaned(t *testing.T) {
	sixty := strings.Repeat("x", 60)
	for text, want := range map[string]string{
		sixty: sixty, sixty + "y": sixty + "...", "a\nb\x00": "a?b?", "\xff": "?", "Größe": "Größe", "": "",
	} {
		assert.Equal(t, want, printable(text))
	}
}
