package s3test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// forward hands requests on to another server. Everything that a signature
// covers stays as it is: host, path and headers.
func forward(address string) (*httputil.ReverseProxy, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("reading the URL of the server behind: %w", err)
	}
	transport := &http.Transport{
		DisableCompression:  true, // it would add Accept-Encoding
		MaxIdleConnsPerHost: 100,
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		Transport: transport,
		// Clients that give up are the purpose here, not news.
		ErrorLog: log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
			(&refusal{http.StatusBadGateway, "BadGateway", "The server behind did not answer."}).write(w, r)
		},
	}, nil
}
