// Package deadletter describes records that could not be stored as JSON lines
// that are stored in their place, with all that is needed to find out why and
// to play them again.
package deadletter

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/s3-destination/s3-destination/internal/jsonscan"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Letter is one dead letter, the line that is stored.
type Letter struct {
	// Reason says in words what is wrong with the record.
	Reason string `json:"reason"`
	// Time is when the record was refused.
	Time time.Time `json:"time"`
	// Partition is where the record would have gone, if that was known.
	Partition string `json:"partition,omitempty"`
	// Source are the coordinates of the record where it came from, as far as
	// the input tells them.
	Source map[string]any `json:"source,omitempty"`
	// Payload is the record as it arrived, when it is UTF-8 text.
	Payload *string `json:"payload,omitempty"`
	// PayloadBase64 is the record as it arrived, when it is not.
	PayloadBase64 string `json:"payload_base64,omitempty"`
}

// sources are the metadata keys that tell where a record came from, as set by
// the inputs for Kafka, files and HTTP.
var sources = []string{
	"kafka_topic", "kafka_partition", "kafka_offset", "kafka_key", "kafka_timestamp_unix", "kafka_timestamp_ms",
	"path", "http_server_request_path",
}

// Folder decides where dead letters go. It is safe for concurrent use.
type Folder struct {
	layout *template.Layout
	zone   *time.Location
}

// FileName is the template of dead letter objects. They are rare and never
// read by table engines, so a unique name matters more than a short one.
const FileName = "dead-letters-{{timestamp}}-{{uuid}}"

// Extension is that of JSON lines.
const Extension = ".jsonl"

// NewFolder compiles the template of the dead letters' folder, which may use
// only the clock.
func NewFolder(folder string, zone *time.Location) (*Folder, error) {
	layout, err := template.Compile(template.Config{
		Folder: folder, FileName: FileName, Extension: Extension, Location: zone,
	})
	if err != nil {
		return nil, fmt.Errorf("reading dead_letter_folder: %w", err)
	}
	if layout.UsesRecordDate() {
		return nil, errors.New("reading dead_letter_folder: a refused record may have no date; use {{YYYY_today}}, {{MM_today}} and {{DD_today}}")
	}
	return &Folder{layout: layout, zone: zone}, nil
}

// Layout names the objects.
func (f *Folder) Layout() *template.Layout { return f.layout }

// Describe returns the partition of a dead letter and its line.
func (f *Folder) Describe(r *record.Record, from string, reason error, at time.Time) (path string, line []byte) {
	l := Letter{
		Reason:    reason.Error(),
		Time:      at.UTC(),
		Partition: readable(from),
		Source:    source(r.Meta),
	}
	payload := payloadOf(r)
	if utf8.Valid(payload) {
		text := string(payload)
		l.Payload = &text
	} else {
		l.PayloadBase64 = base64.StdEncoding.EncodeToString(payload)
	}
	line, err := json.Marshal(l)
	if err != nil { // a source value that JSON cannot hold
		l.Source = nil
		line, _ = json.Marshal(l)
	}
	p, err := f.layout.AppendPath(nil, template.Values{Today: template.DateOf(at.In(f.zone))})
	if err != nil { // cannot happen: the template holds nothing but the clock
		p = []byte(f.layout.StaticPrefix())
	}
	return string(p), line
}

// readable leaves out the holes that a partition path has for what differs
// from object to object.
func readable(path string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, path)
}

func payloadOf(r *record.Record) []byte {
	if !r.Structured() {
		return r.Raw
	}
	text, err := jsonscan.AppendAny(nil, r.Value)
	if err != nil {
		return fmt.Append(nil, r.Value)
	}
	return text
}

func source(meta record.Metadata) map[string]any {
	if meta == nil {
		return nil
	}
	var out map[string]any
	for _, key := range sources {
		v, ok := meta.MetaGetMut(key)
		if !ok {
			continue
		}
		if b, isBytes := v.([]byte); isBytes {
			v = string(b)
		}
		if out == nil {
			out = map[string]any{}
		}
		out[key] = v
	}
	return out
}
