package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// findings are what is wrong or doubtful about a configuration. All of them
// are collected, so that a user sees every mistake at once.
type findings struct {
	errors   []string
	warnings []string
}

// fail notes a mistake. Errors that were joined are one each, and have the
// setting of the first. What follows from a setting that has failed before is no
// further mistake.
func (f *findings) fail(err error) {
	if err == nil {
		return
	}
	first := settingOf.FindString(err.Error())
	if first != "" && slices.ContainsFunc(f.errors, func(e string) bool { return strings.HasPrefix(e, first) }) {
		return
	}
	setting := ""
	for i, text := range strings.Split(err.Error(), "\n") {
		own := settingOf.FindString(text)
		switch {
		case i == 0:
			setting = own
		case own == "":
			text = setting + text
		}
		if !slices.Contains(f.errors, text) {
			f.errors = append(f.errors, text)
		}
	}
}

// settingOf is how a message begins that names its setting.
var settingOf = regexp.MustCompile(`^[a-z_][A-Za-z0-9_]*(?:\.[\w-]+|\[\d+\])*: `)

// said reports whether a finding about a setting is there already.
func (f *findings) said(setting string) bool {
	about := func(text string) bool { return strings.HasPrefix(text, setting+": ") }
	return slices.ContainsFunc(f.errors, about) || slices.ContainsFunc(f.warnings, about)
}

func (f *findings) warn(text string) { f.warnings = append(f.warnings, text) }

// err joins the errors, nil when there are none.
func (f *findings) err() error {
	errs := make([]error, len(f.errors))
	for i, text := range f.errors {
		errs[i] = errors.New(text)
	}
	return errors.Join(errs...)
}
