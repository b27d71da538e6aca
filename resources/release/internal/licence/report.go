package licence

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Names joins the licences of a module as an SPDX expression.
func (m *Module) Names() string {
	names := slices.Clone(m.Licences)
	for _, f := range m.Others {
		names = append(names, f.Licence)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " AND ")
}

// WriteTable prints a line for each module, and one for each file with a
// licence of its own.
func (inv *Inventory) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range inv.Modules {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", m.Path, cmp.Or(m.Version, "-"), strings.Join(m.Licences, " AND "))
		for _, f := range m.Others {
			_, _ = fmt.Fprintf(t, "  %s\t\t%s\n", f.Name, f.Licence)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("writing the table of licences: %w", err)
	}
	return nil
}

// WriteTexts prints the table and every text behind it, equal ones once: what
// whoever receives the binary has to be given.
func (inv *Inventory) WriteTexts(w io.Writer, title string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", title, strings.Repeat("=", len(title)))
	b.WriteString("This is what the binary is made of, as module, version and licence. A file\n" +
		"whose own header names another licence than its module stands below it.\n\n")
	if err := inv.WriteTable(&b); err != nil {
		return err
	}
	b.WriteString("\nThe source of every module is at its address in the version above, for example\n" +
		"by `go mod download MODULE@VERSION`. All modules are used as they are published.\n")
	for _, group := range inv.texts() {
		fmt.Fprintf(&b, "\n%s\n", strings.Repeat("-", 80))
		for _, name := range group.names {
			fmt.Fprintf(&b, "%s\n", name)
		}
		fmt.Fprintf(&b, "\n%s\n", strings.TrimRight(strings.ReplaceAll(group.body, "\r\n", "\n"), " \t\n"))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the licences: %w", err)
	}
	return nil
}

// group is a text with the places where it is found.
type group struct {
	names []string
	body  string
}

func (inv *Inventory) texts() []*group {
	byBody := map[string]*group{}
	var groups []*group
	for _, m := range inv.Modules {
		if m.Main {
			continue // it is in the archive, as LICENSE and NOTICE
		}
		for _, t := range m.Texts {
			body := strings.TrimSpace(strings.ReplaceAll(t.Body, "\r\n", "\n"))
			g := byBody[body]
			if g == nil {
				g = &group{body: t.Body}
				byBody[body] = g
				groups = append(groups, g)
			}
			g.names = append(g.names, strings.TrimSpace(m.Path+" "+m.Version)+": "+t.Name)
		}
	}
	return groups
}

// Merge returns an inventory of everything that is in any of several.
func Merge(all ...*Inventory) *Inventory {
	byPath := map[string]*Module{}
	for _, inv := range all {
		for _, m := range inv.Modules {
			have := byPath[m.Path]
			if have == nil {
				c := *m
				byPath[m.Path] = &c
				continue
			}
			have.Licences = union(have.Licences, m.Licences, strings.Compare)
			have.Needs = union(have.Needs, m.Needs, strings.Compare)
			have.Others = union(have.Others, m.Others, func(a, b File) int {
				return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Licence, b.Licence))
			})
			have.Texts = union(have.Texts, m.Texts, func(a, b Text) int { return strings.Compare(a.Name, b.Name) })
		}
	}
	out := &Inventory{}
	for _, m := range byPath {
		out.Modules = append(out.Modules, m)
	}
	slices.SortFunc(out.Modules, func(a, b *Module) int { return strings.Compare(a.Path, b.Path) })
	return out
}

func union[T any](a, b []T, compare func(T, T) int) []T {
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, compare)
	return slices.CompactFunc(all, func(x, y T) bool { return compare(x, y) == 0 })
}
