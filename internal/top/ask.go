package top

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/s3-destination/s3-destination/internal/live"
)

// Address is where a process answers: the URL of the document.
type Address struct {
	url *url.URL
}

// Parse reads an address as people write it: a host with a port, or the URL of the
// HTTP server, of the page or of the document. Name and password are for basic_auth.
func Parse(text string) (Address, error) {
	full := text
	if !strings.Contains(full, "://") {
		full = "http://" + full
	}
	u, err := url.Parse(full)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Address{}, fmt.Errorf("%q is no address of a process: write http.address of its configuration, as in http://127.0.0.1:4195", withoutPassword(text))
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), live.JSONPath), live.PagePath) + live.JSONPath
	return Address{u}, nil
}

// withoutPassword is an address that cannot be read, without what may be secret.
func withoutPassword(text string) string {
	if _, behind, found := strings.Cut(text, "@"); found {
		return behind
	}
	return text
}

// String is the address for people, without the password.
func (a Address) String() string { return a.url.Redacted() }

// largest is the largest document that is read.
const largest = 64 << 20

// Ask asks the process once. The text is the document, without what
// does not print.
func (a Address) Ask(ctx context.Context, client *http.Client) (state *live.State, text []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url.String(), http.NoBody)
	if err != nil {
		return nil, nil, fmt.Errorf("asking %s: %w", a, err)
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, nil, a.unanswered(err)
	}
	defer res.Body.Close() //nolint:errcheck // it is read
	text, err = io.ReadAll(io.LimitReader(res.Body, largest))
	if err != nil {
		return nil, nil, a.unanswered(err)
	}
	if err := a.judge(res); err != nil {
		return nil, nil, err
	}
	state = &live.State{}
	if err := json.Unmarshal(text, state); err != nil || state.Format == 0 {
		return nil, nil, fmt.Errorf("asking %s: what answers there is no s3-destination, or something is in front of it", a)
	}
	if state.Format > live.Format {
		return nil, nil, fmt.Errorf("asking %s: the process is s3-destination %s, which is newer than this program: take the same version", a, Clean(state.Version))
	}
	return state, printable(text), nil
}

// printable escapes in a document what a terminal could take for orders. Control
// characters below a space are in no document.
func printable(document []byte) []byte {
	out := make([]byte, 0, len(document))
	for _, r := range string(document) {
		if r >= 0x7f && r < 0xa0 {
			out = fmt.Appendf(out, "\\u%04x", r)
			continue
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// unanswered says what a request came to that got no answer.
func (a Address) unanswered(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err // without the URL, which is there once
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("asking %s: nothing listens there (%w). Give http.address of the configuration of the process, and see that http.enabled is true", a, op.Err)
	}
	return fmt.Errorf("asking %s: there was no answer: %w", a, err)
}

// judge says what an answer means that has no document.
func (a Address) judge(res *http.Response) error {
	switch res.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusNotFound:
		return fmt.Errorf("asking %s: what answers there has no such page. It is an older s3-destination (before top was added), one that runs with --state-page=false, or another program", a)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("asking %s: it asks for a name and a password (%s): write them as in http://name:password@host:4195", a, Clean(res.Status))
	default:
		return fmt.Errorf("asking %s: it answered %s", a, Clean(res.Status))
	}
}
