package live

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"sync"
	"time"
)

// Where the page and the document are.
const (
	PagePath = "/s3_destination"
	JSONPath = PagePath + ".json"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// page is the page. It escapes all that it is given.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"css": func() template.CSS { return template.CSS(pageCSS) }, //nolint:gosec // our own file
	"js":  func() template.JS { return template.JS(pageJS) },    //nolint:gosec // our own file
	"sub": time.Time.Sub, "span": Span, "seconds": Seconds, "percent": Percent,
	"bytes":  func(n any) string { return Bytes(number(n)) },
	"number": func(n any) string { return Number(number(n)) },
	"count":  func(n any, one string) string { return Count(int64(number(n)), one) },
	"health": func(h Health, now time.Time) string { return h.Words(now) },
	"head":   func(all []Partition) []Partition { return all[:min(len(all), Head)] },
	"tenth":  func(i int) string { return fmt.Sprintf("%d to %d %%", 10*i, 10*i+10) },
	"bar":    bar,
}).Parse(pageHTML))

// policy allows the style and the script of the page, requests to where it is from,
// and nothing else: whatever came into the page from data would not run.
var policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	hash(pageCSS), hash(pageJS))

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// bar shows a part of a whole, which is bad from some part on.
func bar(n, of any, bad float64) (template.HTML, error) {
	part := 0.0
	if whole := number(of); whole > 0 {
		part = min(max(number(n)/whole, 0), 1)
	}
	return template.HTML(fmt.Sprintf(`<meter min="0" max="1" low="%.2f" high="1" optimum="0" value="%.3f"></meter>`, min(bad, 1), part)), nil //nolint:gosec // numbers alone
}

// number is a number of any type that the state has.
func number(n any) float64 {
	switch n := n.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case float64:
		return n
	default:
		return 0
	}
}

// fresh is how old a state may be that is shown again, however many look.
const fresh = 250 * time.Millisecond

// latest is the state that was asked for last.
var latest struct {
	sync.Mutex
	at    time.Time
	state *State
}

func current() *State {
	latest.Lock()
	defer latest.Unlock()
	if now := time.Now(); latest.state == nil || now.Sub(latest.at) >= fresh {
		latest.state, latest.at = Now(now), now
	}
	return latest.state
}

// Page answers with the page.
func Page(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	err := page.Execute(&body, current())
	w.Header().Set("Content-Security-Policy", policy)
	answer(w, r, "text/html; charset=utf-8", body.Bytes(), err)
}

// JSON answers with the document.
func JSON(w http.ResponseWriter, r *http.Request) {
	body, err := json.MarshalIndent(current(), "", "  ")
	answer(w, r, "application/json", append(body, '\n'), err)
}

func answer(w http.ResponseWriter, r *http.Request, kind string, body []byte, err error) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "This is the state of s3-destination, which can only be read.", http.StatusMethodNotAllowed)
	case err != nil:
		http.Error(w, "Writing the state of s3-destination: "+err.Error(), http.StatusInternalServerError)
	default:
		h.Set("Content-Type", kind)
		_, _ = w.Write(body) // the client is gone, and need not be told
	}
}
