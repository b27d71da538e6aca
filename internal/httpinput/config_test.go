package httpinput

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMistakesAreNamedWithTheirRemedy(t *testing.T) {
	for yaml, want := range map[string]string{
		"path: events":                                 "path: \"events\" does not begin with a slash: write /events",
		"max_body_bytes: much":                         `max_body_bytes: "much" is no size: write one such as 64MiB`,
		"max_body_bytes: 2GiB":                         "max_body_bytes: write a size up to 1GiB",
		"max_body_bytes: auto":                         `max_body_bytes: "auto" is no size`,
		"max_buffered_bytes: much":                     `max_buffered_bytes: "much" is no size`,
		"max_requests: 0":                              "max_requests: 0 is no number of requests: write one from 1 to 1000000",
		"max_requests: 1000001":                        "max_requests: 1000001 is no number of requests",
		"max_body_bytes: 2kB\nmax_buffered_bytes: 1kB": "max_body_bytes: it is larger than max_buffered_bytes",
		"timeout: 0s":                                  "timeout: 0s is too short: write a duration such as 30s",
		"read_timeout: 0s":                             "read_timeout: 0s is too short",
		"auth: {username: a}":                          "auth: it needs both username and password, or neither",
		"auth: {password: a}":                          "auth: it needs both username and password, or neither",
		"auth: {bearer_token: ''}":                     "auth.bearer_token: it is empty: write a value, or leave it out",
		"auth: {username: '', password: ''}":           "auth.username: it is empty",
		"tls: {cert_file: a}":                          "tls: it needs both cert_file and key_file, or none of its settings",
		"tls: {client_ca_file: a}":                     "tls: it needs both cert_file and key_file",
		"tls: {cert_file: /a, key_file: /b}":           "tls: reading the certificate /a and its key /b: ",
	} {
		_, err := configured(t, yaml)
		assert.ErrorContains(t, err, want, yaml)
	}
	parsed, err := Spec().ParseYAML("address: here", nil)
	require.NoError(t, err)
	_, err = parse(parsed)
	assert.ErrorContains(t, err, `address: "here" is no host and port: write one such as 0.0.0.0:4196`)
}

// Whoever opens a server to other machines is told, and nobody else.
func TestServersThatAreOpenToEverybody(t *testing.T) {
	for address, open := range map[string]bool{
		"0.0.0.0:1": true, ":1": true, "10.1.2.3:1": true, "[::]:1": true, "host:1": true,
		"127.0.0.1:1": false, "[::1]:1": false, "localhost:1": false,
	} {
		c := &config{address: address}
		assert.Equal(t, open, c.open(), address)
		c.bearer = make([][32]byte, 1)
		assert.False(t, c.open(), address)
	}
	c := &config{address: ":1", tls: &tls.Config{ClientCAs: x509.NewCertPool()}}
	assert.False(t, c.open(), "clients need certificates")
}
