// Package settings reads the settings of inputs, one by one, and collects what is wrong
// with them, so that all mistakes of a configuration are said at once.
package settings

import (
	"errors"
	"math"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/redpanda-data/benthos/v4/public/service"
)

// Fields reads a configuration and collects its mistakes. After a mistake it returns the
// zero value of a setting.
type Fields struct {
	conf *service.ParsedConfig
	errs []error
}

// Of reads conf.
func Of(conf *service.ParsedConfig) *Fields { return &Fields{conf: conf} }

// Fail notes a mistake; nil is none.
func (f *Fields) Fail(err error) {
	if err != nil {
		f.errs = append(f.errs, err)
	}
}

// Err has all mistakes; nil if there are none.
func (f *Fields) Err() error { return errors.Join(f.errs...) }

// Text reads a string.
func (f *Fields) Text(path ...string) string {
	s, err := f.conf.FieldString(path...)
	f.Fail(err)
	return s
}

// List reads a list of strings.
func (f *Fields) List(path ...string) []string {
	all, err := f.conf.FieldStringList(path...)
	f.Fail(err)
	return all
}

// Flag reads a bool.
func (f *Fields) Flag(path ...string) bool {
	b, err := f.conf.FieldBool(path...)
	f.Fail(err)
	return b
}

// Int reads a whole number.
func (f *Fields) Int(path ...string) int {
	n, err := f.conf.FieldInt(path...)
	f.Fail(err)
	return n
}

// Duration reads a duration.
func (f *Fields) Duration(path ...string) time.Duration {
	d, err := f.conf.FieldDuration(path...)
	f.Fail(err)
	return d
}

// Bytes are those of a size such as 16MiB. It is false when the text is none, or zero.
func Bytes(text string) (n int64, ok bool) {
	u, err := humanize.ParseBytes(text)
	if err != nil || u == 0 || u > math.MaxInt64 {
		return 0, false
	}
	return int64(u), true
}
