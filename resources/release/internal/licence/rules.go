package licence

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
)

// Rules say which licences may be linked.
type Rules struct{ lines []*rule }

// rule allows a licence: everywhere, or for one module, one file of a module,
// one variant of the binary.
type rule struct {
	licence, module, file, variant string
	used                           bool
}

// ParseRules reads rules, one a line: a licence, and optionally a module, a
// file in it and a variant. A star or nothing stands for any. What follows a #
// is a comment; a rule that is not for any module must have one, its reason.
func ParseRules(text string) (*Rules, error) {
	r := &Rules{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		body, reason, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(body)
		if len(fields) == 0 {
			continue
		}
		if len(fields) > 4 {
			return nil, fmt.Errorf("line %d: a rule has at most a licence, a module, a file and a variant, not %q", n, body)
		}
		if len(fields) > 1 && strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("line %d: a rule for one module needs its reason, after a #", n)
		}
		parts := [4]string{"*", "*", "*", "*"}
		copy(parts[:], fields)
		r.lines = append(r.lines, &rule{licence: parts[0], module: parts[1], file: parts[2], variant: parts[3]})
	}
	return r, lines.Err()
}

// Check returns what an inventory holds that is not allowed, a line each.
func (r *Rules) Check(inv *Inventory, variant string) []string {
	var wrong []string
	for _, m := range inv.Modules {
		if len(m.Texts) == 0 {
			wrong = append(wrong, fmt.Sprintf("%s %s has no licence file", m.Path, m.Version))
		}
		for _, id := range m.Licences {
			if !r.allows(id, m.Path, "", variant) {
				wrong = append(wrong, fmt.Sprintf("%s %s is under %s", m.Path, m.Version, id))
			}
		}
		for _, f := range m.Others {
			if !r.allows(f.Licence, m.Path, f.Name, variant) {
				wrong = append(wrong, fmt.Sprintf("%s %s: the file %s is under %s", m.Path, m.Version, f.Name, f.Licence))
			}
		}
	}
	return wrong
}

// allows looks for a rule. One for a whole module does not cover single files
// that say something else.
func (r *Rules) allows(licence, module, file, variant string) bool {
	allowed := false
	for _, l := range r.lines {
		if l.licence != licence || !is(l.module, module) || !is(l.variant, variant) {
			continue
		}
		if l.module == "*" || file == "" && l.file == "*" || file != "" && l.file == file {
			l.used, allowed = true, true
		}
	}
	return allowed
}

func is(pattern, s string) bool { return pattern == "*" || pattern == s }

// Unused returns the rules that nothing needed, after all checks.
func (r *Rules) Unused() []string {
	var unused []string
	for _, l := range r.lines {
		if !l.used {
			unused = append(unused, fmt.Sprintf("nothing needs the rule %q", strings.TrimSpace(strings.ReplaceAll(strings.Join([]string{l.licence, l.module, l.file, l.variant}, " "), " *", ""))))
		}
	}
	return unused
}

// CheckNotice returns what the NOTICE of a binary does not say: a licence that
// something linked is under, a file with another licence than its module, a
// module for which a rule had to be made.
func (r *Rules) CheckNotice(notice string, inv *Inventory) []string {
	var wrong []string
	miss := func(format string, args ...any) {
		wrong = append(wrong, "NOTICE does not name "+fmt.Sprintf(format, args...))
	}
	for _, m := range inv.Modules {
		short := shortName(m.Path)
		for _, id := range m.Licences {
			if !strings.Contains(notice, family(id)) {
				miss("%s, the licence of %s", family(id), m.Path)
			}
			if r.special(id, m.Path) && !strings.Contains(notice, short) {
				miss("%s, which is under %s", short, id)
			}
		}
		for _, f := range m.Others {
			if r.special(f.Licence, m.Path) && !strings.Contains(notice, f.Name) {
				miss("the file %s of %s, which is under %s", f.Name, m.Path, f.Licence)
			}
		}
		if !m.Main && m.hasNotice() && !strings.Contains(notice, short) {
			miss("%s, which has a notice to pass on", short)
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

// special reports whether a licence is allowed for single modules only.
func (r *Rules) special(licence, module string) bool {
	return !slices.ContainsFunc(r.lines, func(l *rule) bool { return l.licence == licence && l.module == "*" }) &&
		slices.ContainsFunc(r.lines, func(l *rule) bool { return l.licence == licence && l.module == module })
}

func (m *Module) hasNotice() bool {
	return slices.ContainsFunc(m.Texts, func(t Text) bool { return strings.HasPrefix(strings.ToLower(baseName(t.Name)), "notice") })
}

func baseName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// family is the name by which people know a licence.
func family(id string) string {
	if strings.HasPrefix(id, "BSD-") {
		return "BSD"
	}
	if name, ok := strings.CutPrefix(id, "LicenseRef-"); ok {
		return strings.ReplaceAll(name, "-", " ")
	}
	return id
}

// shortName is a module's path without host and major version.
func shortName(path string) string {
	path = strings.TrimPrefix(path, "github.com/")
	if at := strings.LastIndex(path, "/v"); at > 0 && strings.Trim(path[at+2:], "0123456789") == "" {
		path = path[:at]
	}
	return path
}
