// Package deadletter describes records that could not be stored as JSON lines
// that are stored in their place, with all that is needed to find out why and
// to play them again.
package deadletter

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
)

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
		return nil, fmt.Errorf("dead_letter_folder: %w", err)
	}
	if layout.UsesRecordDate() {
		return nil, errors.New("dead_letter_folder: a refused record may have no date: write {{YYYY_today}}, {{MM_today}} and {{DD_today}}")
	}
	return &Folder{layout: layout, zone: zone}, nil
}

// Layout names the objects.
func (f *Folder) Layout() *template.Layout { return f.layout }

// Path is the partition of dead letters of that time.
func (f *Folder) Path(at time.Time) string {
	p, err := f.layout.AppendPath(nil, template.Values{Today: template.DateOf(at.In(f.zone))})
	if err != nil { // cannot happen: the template holds nothing but the clock
		return f.layout.StaticPrefix()
	}
	return string(p)
}

// Describe returns the line of a dead letter.
func (f *Folder) Describe(r *record.Record, from string, reason error, at time.Time) (line []byte) {
	return newLetter(r, from, reason, at).line()
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
