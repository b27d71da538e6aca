package config

import (
	"errors"
	"slices"
)

// findings are what is wrong or doubtful about a configuration. All of them
// are collected, so that a user sees every mistake at once.
type findings struct {
	errors   []string
	warnings []string
}

func (f *findings) fail(err error) {
	if err != nil && !slices.Contains(f.errors, err.Error()) {
		f.errors = append(f.errors, err.Error())
	}
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
