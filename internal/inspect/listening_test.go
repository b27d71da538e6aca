package inspect

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A process cannot listen twice at an address, and the one that comes second is silent.
func TestAddressesThatAreListenedAtTwice(t *testing.T) {
	const both = "input: {broker: {inputs: [{s3_destination_http: {address: '0.0.0.0:4196'}}, {SECOND}]}}\n"
	second := func(conf string) string { return strings.Replace(both, "SECOND", conf, 1) }
	one := func(address string) string { return "input: {s3_destination_http: {address: '" + address + "'}}\n" }
	for name, c := range map[string]struct{ conf, want string }{
		"one alone":           {one("0.0.0.0:4196"), ""},
		"two":                 {second("s3_destination_http: {address: '0.0.0.0:4196', path: /other}"), `input.broker.inputs[1].s3_destination_http.address: "0.0.0.0:4196" is listened at by input.broker.inputs[0].s3_destination_http as well, and only one of the two can start: write another port`},
		"one of all":          {second("s3_destination_http: {address: 'localhost:4196'}"), "as well"},
		"another port":        {second("s3_destination_http: {address: '0.0.0.0:4197'}"), ""},
		"of version 6":        {second("s3_destination_http: {address: '[::1]:4196'}"), ""},
		"another input":       {second("http_server: {address: ':4196'}"), `input.broker.inputs[1].http_server.address: ":4196" is listened at by`},
		"the same server":     {second("http_server: {path: /other}"), ""},
		"two of others":       {"input: {broker: {inputs: [{http_server: {address: ':1'}}, {http_server: {address: ':1'}}]}}\n", ""},
		"a resource":          {one("127.0.0.1:1") + "input_resources: [{label: a, s3_destination_http: {address: ':1'}}]\n", `input_resources[0].s3_destination_http.address: ":1" is listened at by input.s3_destination_http`},
		"Benthos":             {one("127.0.0.1:4195"), `"127.0.0.1:4195" is listened at by Benthos, for /metrics and /ready (http.address, 0.0.0.0:4195) as well`},
		"Benthos elsewhere":   {one("0.0.0.0:4195") + "http: {address: '0.0.0.0:80'}\n", ""},
		"where Benthos is":    {one("0.0.0.0:80") + "http: {address: '127.0.0.1:80'}\n", "(http.address, 127.0.0.1:80)"},
		"Benthos without":     {one("0.0.0.0:4195") + "http: {enabled: false}\n", ""},
		"copies":              {"input: {broker: {copies: 2, inputs: [{s3_destination_http: {address: ':1'}}]}}\n", `":1" can be listened at by one input, and input.broker.copies makes several of it: remove copies`},
		"one copy":            {"input: {broker: {copies: 1, inputs: [{s3_destination_http: {address: ':1'}}]}}\n", ""},
		"a variable":          {second("s3_destination_http: {address: '${NOWHERE_TO_LISTEN}'}"), ""},
		"any port that is":    {second("s3_destination_http: {address: 'localhost:0'}") + "http: {address: 'localhost:0'}\n", ""},
		"what is no address":  {second("s3_destination_http: {address: here}"), ""},
		"what is no address,": {second("s3_destination_http: {address: [1]}"), ""},
	} {
		r, err := ReadText("configuration", c.conf+"output: {drop: {}}\n")
		require.NoError(t, err)
		var found []string
		for _, f := range r.Mistakes() {
			if strings.Contains(f.Text, "listened at") {
				found = append(found, f.Message())
				assert.Positive(t, f.Column, name)
			}
		}
		if c.want == "" {
			assert.Empty(t, found, name)
			continue
		}
		require.Len(t, found, 1, name)
		assert.Contains(t, found[0], c.want, name)
	}
}

// Streams share a process, and the server of Benthos is that of its main configuration.
func TestAddressesOfStreams(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) string {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	main := write("main.yaml", "http: {address: ':1'}\n")
	a := write("a.yaml", "input: {s3_destination_http: {address: ':2'}}\noutput: {drop: {}}\n")
	b := write("b.yaml", "http: {address: ':3'}\ninput: {s3_destination_http: {address: ':2'}}\noutput: {drop: {}}\n")
	c := write("c.yaml", "input: {s3_destination_http: {address: ':1'}}\noutput: {drop: {}}\n")
	r, err := ReadConfig(Request{Main: main, Streams: []string{a, b, c}})
	require.NoError(t, err)
	var found []string
	for _, f := range r.Mistakes() {
		if strings.Contains(f.Text, "listened at") {
			found = append(found, f.String())
		}
	}
	require.Len(t, found, 2, found)
	assert.Contains(t, found[0], `b.yaml(2,31) input.s3_destination_http.address: ":2" is listened at by input.s3_destination_http of a.yaml`)
	assert.Contains(t, found[1], `c.yaml(1,31) input.s3_destination_http.address: ":1" is listened at by Benthos`)

	r, err = ReadConfig(Request{Set: []string{"input.s3_destination_http.address=:1", "http.address=:1"}})
	require.NoError(t, err)
	require.Len(t, r.Mistakes(), 1)
	assert.Contains(t, r.Mistakes()[0].Text, "is listened at by Benthos")
}
