package config

import (
	"sync/atomic"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
)

// warn receives the warnings of configurations that are linted; nil ignores
// them. Benthos knows only lint errors, which refuse to run a configuration.
var warn atomic.Pointer[func(string)]

// OnLintWarning sets who is told what is doubtful about a configuration that
// is being linted. The binary prints it for the lint command.
func OnLintWarning(f func(string)) { warn.Store(&f) }

// RegisterLint makes the Bloblang function that lints a configuration. It
// parses it just as the constructor does, so that lint and run agree.
func RegisterLint() error {
	spec := bloblang.NewPluginSpec().
		Category("Plugin").
		Description("Returns what is wrong with a configuration of the " + Name + " output, as a list of strings.").
		Param(bloblang.NewAnyParam("config"))
	return bloblang.RegisterFunctionV2(lintFunction, spec, func(args *bloblang.ParsedParams) (bloblang.Function, error) {
		conf, err := args.Get("config")
		if err != nil {
			return nil, err
		}
		return func() (any, error) { return lint(conf), nil }, nil
	})
}

func lint(conf any) []any {
	c, err := ParseValues(conf)
	if c == nil {
		return nil // a missing or mistyped field, on which Benthos lints itself
	}
	if f := warn.Load(); f != nil {
		for _, w := range c.Warnings {
			(*f)(w)
		}
	}
	if err == nil {
		return nil
	}
	var out []any
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		out = append(out, e.Error())
	}
	return out
}
