package inspect

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// Finding is what is wrong or doubtful about a configuration, at a place.
type Finding struct {
	// File is the path of the file.
	File string
	yamlfile.Place
	// Setting is the path of the setting: inside the output where it is one of
	// s3_destination, inside the file otherwise.
	Setting string
	// Text is the value, what is wrong with it, and what to write instead.
	Text string
	// Doubt means that the configuration runs all the same.
	Doubt bool

	unset bool // an environment variable
	yaml  bool // a mistake of the YAML itself
}

// String is the finding as it is printed.
func (f Finding) String() string {
	where := fmt.Sprintf("%s(%d,%d)", f.File, f.Line, f.Column)
	if f.Set != "" {
		where = "--set " + f.Set
	}
	if f.Doubt {
		where = "warning: " + where
	}
	return where + " " + f.Message()
}

// Message is the finding without its place.
func (f Finding) Message() string {
	if f.Setting == "" {
		return f.Text
	}
	return f.Setting + ": " + f.Text
}

var settingFirst = regexp.MustCompile(`^([a-z_][A-Za-z0-9_]*(?:\.[\w-]+|\[\d+\])*): `)

// splitSetting parts a message of the output into setting and text.
func splitSetting(message string) (setting, text string) {
	m := settingFirst.FindStringSubmatch(message)
	if m == nil {
		return "", message
	}
	return m[1], strings.TrimPrefix(message, m[0])
}
