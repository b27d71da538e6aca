package store

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
)

// headBytes of an answer are enough to tell what kind of document it is;
// resultBytes hold every result of S3 that is read whole.
const (
	headBytes   = 4 << 10
	resultBytes = 64 << 10
)

// document is what the body of an answer turns out to be.
type document uint8

const (
	docNone  document = iota // no body, or nothing but white space
	docXML                   // XML with a root element
	docHTML                  // a page for people
	docOther                 // anything else
)

// answer is one response as far as it has to be known to tell whether S3 gave
// it. Nothing but its head is kept in memory.
type answer struct {
	op     Op
	status int
	header http.Header
	doc    document
	// root is the name of the root element, for docXML.
	root string
	// result holds what a short result of S3 says.
	result result
}

// result is what matters of the documents that S3 answers to
// CreateMultipartUpload and CompleteMultipartUpload.
type result struct {
	Key               string
	UploadID          string `xml:"UploadId"`
	ETag              string
	ChecksumCRC32C    string
	ChecksumCRC64NVME string
}

// readAnswer looks at the beginning of a response, at all of it for the results
// of multipart uploads, and leaves the response readable from its start. Its
// error is that of the connection.
func readAnswer(op Op, resp *http.Response) (answer, error) {
	a := answer{op: op, status: resp.StatusCode, header: resp.Header}
	most, whole := int64(headBytes), op == OpCreateMultipartUpload || op == OpCompleteMultipartUpload
	if whole {
		// S3 keeps a slow Complete alive with white space, so that much of it
		// may come before the result.
		most = resultBytes
	}
	head, err := peek(resp, most)
	if err != nil {
		return a, err
	}
	a.doc, a.root = kindOf(head, resp.Header.Get("Content-Type"))
	if whole && a.doc == docXML && a.root != rootError {
		if err := newDecoder(head).Decode(&a.result); err != nil {
			return a, fmt.Errorf("reading the answer: %w", err)
		}
	}
	return a, nil
}

// rootError is the root element of S3's error documents.
const rootError = "Error"

// peek reads up to n bytes of the body and puts them back.
func peek(resp *http.Response, n int64) ([]byte, error) {
	head, err := io.ReadAll(io.LimitReader(resp.Body, n))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	return head, nil
}

// kindOf tells what a body is by its beginning.
func kindOf(head []byte, contentType string) (document, string) {
	text := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0:
		return docNone, ""
	case isHTML(text):
		return docHTML, ""
	case text[0] == '<':
		if root := rootOf(text); strings.EqualFold(root, "html") {
			return docHTML, ""
		} else if root != "" {
			return docXML, root
		}
	}
	if strings.HasPrefix(contentType, "text/html") {
		return docHTML, ""
	}
	return docOther, ""
}

func isHTML(text []byte) bool {
	start := strings.ToLower(string(text[:min(len(text), 32)]))
	return strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

// rootOf is the name of the first element; empty when there is none. What comes
// after it need not be whole.
func rootOf(text []byte) string {
	decoder := newDecoder(text)
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return ""
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local
		}
	}
}

func newDecoder(text []byte) *xml.Decoder {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return decoder
}

// fromS3 reports whether S3, or a store like it, has given this answer: by an
// error document of S3, or by the id that it gives every request. To HEAD there
// is no document, and not every store sends an id.
func (a answer) fromS3() bool {
	switch {
	case a.doc == docHTML:
		return false
	case a.root == rootError:
		return true
	}
	for _, name := range []string{"X-Amz-Request-Id", "X-Amz-Id-2", "X-Amz-Bucket-Region"} {
		if a.header.Get(name) != "" {
			return true
		}
	}
	return a.op == OpHeadObject && !a.redirect() && a.status != http.StatusProxyAuthRequired
}

func (a answer) redirect() bool { return a.status >= 300 && a.status < 400 }

// what describes an answer to people: the status, the kind of body, and who
// says to have given it.
func (a answer) what() string {
	text := fmt.Sprintf("HTTP %d", a.status)
	switch a.doc {
	case docHTML:
		text += " with HTML"
	case docXML:
		text += " with XML that begins with <" + printable(a.root) + ">"
	case docOther:
		text += " with a body that is not XML"
	case docNone:
	}
	return text + who(a.header)
}

// who names the server and the gateways that an answer came through.
func who(h http.Header) string {
	var names []string
	for _, name := range []string{"Server", "Via"} {
		if value := printable(h.Get(name)); value != "" {
			names = append(names, strings.ToLower(name)+" "+value)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// printable makes text that comes from an unknown server fit for a log line.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	const most = 60
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "..."
	}
	return s
}
