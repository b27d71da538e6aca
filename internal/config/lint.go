package config

import (
	"strings"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
)

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
	if err == nil {
		return nil
	}
	var out []any
	for _, message := range Messages(err) {
		if !strings.Contains(message, notAWord) { // Benthos says so itself
			out = append(out, message)
		}
	}
	return out
}
