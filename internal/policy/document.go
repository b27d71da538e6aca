// Package policy writes the AWS policies that a configuration needs: for the
// identity that writes, for the role's trust, for the bucket and for the
// encryption key. What it writes is valid JSON, always the same for the same
// configuration, and grants nothing beyond its bucket, prefix, key and external
// ids.
package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// version is the only current version of the policy language:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
const version = "2012-10-17"

// Document is a policy.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement is one grant. Members that are empty are left out.
type Statement struct {
	Sid       string               `json:",omitempty"`
	Effect    string               `json:",omitempty"`
	Principal *Principal           `json:",omitempty"`
	Action    Values               `json:",omitempty"`
	Resource  Values               `json:",omitempty"`
	Condition map[string]Condition `json:",omitempty"` // by operator
}

// Principal is who is granted something, in policies of resources.
type Principal struct{ AWS Values }

// Condition maps condition keys to their values.
type Condition map[string]Values

// Values is a list that is written as plain string when it has one member, as
// people write it.
type Values []string

// MarshalJSON implements [json.Marshaler].
func (v Values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return encode(v[0], "")
	}
	return encode([]string(v), "")
}

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Values) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*v = Values{one}
		return nil
	}
	if err := json.Unmarshal(text, (*[]string)(v)); err != nil {
		return fmt.Errorf("reading a string or a list of strings: %w", err)
	}
	return nil
}

// JSON is the document as it goes into the AWS console, indented, with a final
// line feed.
func (d Document) JSON() []byte { return mustEncode(d) }

// JSON is the statement alone, to be added to an existing policy.
func (s Statement) JSON() []byte { return mustEncode(s) }

func mustEncode(v any) []byte {
	text, err := encode(v, "  ")
	if err != nil {
		panic(err) // strings and lists of strings always encode
	}
	return append(text, '\n')
}

// encode keeps < and > legible: placeholders use them.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding a policy: %w", err)
	}
	return ascii(bytes.TrimRight(b.Bytes(), "\n")), nil
}

// ascii writes every other letter of a JSON text as \uXXXX: IAM takes no
// character beyond U+00FF.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
func ascii(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.Bytes()
}
