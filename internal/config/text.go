package config

import (
	"fmt"
	"regexp"
	"strings"
)

// quotes are those that word processors make of '. They are no quotes of YAML.
const quotes = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb"

// invisible are characters that are copied along and not seen.
const invisible = "\u00a0\u200b\u200c\u200d\u2060\ufeff\u00ad"

// secrets are settings whose values no message shows.
var secrets = regexp.MustCompile(`access_key|session_token|external_id`)

// checkText refuses what somebody has pasted and not meant.
func checkText(setting, value string) error {
	shown := fmt.Sprintf("%q", value)
	if secrets.MatchString(setting) {
		shown = "its value"
	}
	switch {
	case strings.ContainsAny(value, quotes):
		write := strings.Trim(value, quotes)
		if shown == "its value" {
			write = "the value"
		}
		return fmt.Errorf("%s: %s has typographic quotes, which become a part of it: write '%s'", setting, shown, write)
	case strings.ContainsAny(value, invisible):
		return fmt.Errorf("%s: %s has a character that cannot be seen (such as a no-break space): write it anew, without copying", setting, shown)
	}
	return nil
}

// noDuration tells how to write a duration.
func noDuration(setting, written string) error {
	write := "a number with a unit, such as 30s or 5m"
	if m := countAndUnit.FindStringSubmatch(written); m != nil {
		write = m[1] + longUnits(strings.ToLower(m[2]))
	}
	return fmt.Errorf("%s: %q is no duration: write %s (units are ms, s, m and h)", setting, written, write)
}

var countAndUnit = regexp.MustCompile(`^\s*(\d+)\s*([A-Za-z]*)\s*$`)

func longUnits(unit string) string {
	switch {
	case strings.HasPrefix(unit, "min"):
		return "m"
	case strings.HasPrefix(unit, "h"):
		return "h"
	case strings.HasPrefix(unit, "ms") || strings.HasPrefix(unit, "milli"):
		return "ms"
	case strings.HasPrefix(unit, "d"):
		return "*24h, worked out"
	}
	return "s"
}

// An expression or a template of another language, in text that is taken as it
// is: it would be a part of every key.
var foreign = []struct {
	pattern *regexp.Regexp
	what    string
}{
	{regexp.MustCompile(`%[YmdHMSjyFT](?:[^A-Za-z0-9]|$|%)`), "has placeholders of strftime, which are taken as text"},
	{regexp.MustCompile(`\$\{?(?:YYYY|yyyy|YY|MM|DD|dd|HH|hh|year|month|day|hour|YEAR|MONTH|DAY|HOUR)\b`), "has placeholders with $, which are taken as text"},
	{regexp.MustCompile(`!\{[^}]*\}`), "has placeholders of Firehose, which are taken as text"},
	{regexp.MustCompile(`(?:^|[^{])\{[A-Za-z_][^{}]*\}(?:[^}]|$)`), "has placeholders in single braces, which are taken as text"},
	{regexp.MustCompile(`\b(?:YYYY|yyyy)\b`), "has a date in letters, which are taken as text"},
	{regexp.MustCompile(`<[A-Za-z_]+>`), "has placeholders in angle brackets, which are taken as text"},
}

// checkTemplate refuses placeholders that are none here.
func checkTemplate(setting, template string) error {
	text := ours.ReplaceAllString(template, "")
	if strings.Contains(text, "{{") || strings.Contains(text, "}}") || strings.Contains(text, "${!") {
		return nil // the template is not well-formed, as others say
	}
	for _, f := range foreign {
		if f.pattern.MatchString(text) {
			return fmt.Errorf("%s: %q %s: write {{YYYY}}, {{MM}}, {{DD}} and so on, and {{name}} for a value that is defined under variables", setting, template, f.what)
		}
	}
	return nil
}

var ours = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// expressionLike is text that somebody meant to be evaluated.
var expressionLike = []struct {
	pattern *regexp.Regexp
	write   func(m []string) string
}{
	{regexp.MustCompile(`^\s*((?:this|root)(?:\.[\w]+)+(?:\(.*\))?)\s*$`), func(m []string) string { return "${! " + m[1] + " }" }},
	{regexp.MustCompile(`^\s*((?:json|meta|metadata|content|now|env|uuid_v4|hostname|timestamp_unix)\(.*\).*)$`), func(m []string) string { return "${! " + strings.TrimSpace(m[1]) + " }" }},
	{regexp.MustCompile(`^\s*(@[A-Za-z_][\w.]*)\s*$`), func(m []string) string { return "${! " + m[1] + " }" }},
	{regexp.MustCompile(`^\s*\$\.([\w.]+)\s*$`), func(m []string) string { return `${! json("` + m[1] + `") }` }},
	{regexp.MustCompile(`^\s*\$?\{+\s*\.?([\w.]+)\s*\}+\s*$`), func(m []string) string { return `${! json("` + m[1] + `") }` }},
	{regexp.MustCompile(`^\s*!\s*((?:json|meta|metadata|this|content)\b.*)$`), func(m []string) string { return "${! " + strings.TrimSpace(m[1]) + " }" }},
	{regexp.MustCompile(`^\s*<([\w.]+)>\s*$`), func(m []string) string { return `${! json("` + m[1] + `") }` }},
	{regexp.MustCompile(`^\s*%\{?([\w.]+)\}?\s*$`), func(m []string) string { return `${! json("` + m[1] + `") }` }},
}

// checkExpression refuses text that looks like an expression.
func checkExpression(setting, value string) error {
	if err := checkText(setting, value); err != nil {
		return err
	}
	for _, e := range expressionLike {
		if m := e.pattern.FindStringSubmatch(value); m != nil {
			return fmt.Errorf("%s: %q is taken as text, the same for every record: write %s, so that it is evaluated", setting, value, e.write(m))
		}
	}
	return nil
}

// checkPath refuses a path to a field that is written as in another language.
func checkPath(setting, value string) error {
	m := otherPath.FindStringSubmatch(value)
	if m == nil {
		return nil
	}
	return fmt.Errorf("%s: %q is no path: write %s", setting, value, m[1]+m[2]+m[3]+m[4])
}

var otherPath = regexp.MustCompile(`^\s*(?:\$\.([\w.]+)|\{+\s*([\w.]+)\s*\}+|/([\w.]+)|\$([\w.]+))\s*$`)
