package licence

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	licenceName = regexp.MustCompile(`(?i)^(go_)?(un)?(licen[cs]e|copying)([-._].*)?$`)
	noticeName  = regexp.MustCompile(`(?i)^(notice|patents)([-._].*)?$`)
	sourceName  = regexp.MustCompile(`(?i)\.(go|s|c|h)$`)
)

// collect adds the texts of a folder to a module, once.
func (l *Lister) collect(m *Module, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking for licences: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || sourceName.MatchString(name) || !licenceName.MatchString(name) && !noticeName.MatchString(name) {
			continue
		}
		if err := l.take(m, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// take adds a text to a module unless it has it.
func (l *Lister) take(m *Module, path string) error {
	name, err := filepath.Rel(m.dir, path)
	if err != nil {
		return fmt.Errorf("naming a licence: %w", err)
	}
	name = filepath.ToSlash(name)
	if slices.ContainsFunc(m.Texts, func(t Text) bool { return t.Name == name }) {
		return nil
	}
	text, ok := l.texts[path]
	if !ok {
		body, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading a licence: %w", err)
		}
		text = textOf(name, string(body))
		l.texts[path] = text
	}
	m.Texts = append(m.Texts, text)
	return nil
}

func textOf(name, body string) Text {
	t := Text{Name: name, Body: body}
	if !noticeName.MatchString(filepath.Base(name)) {
		t.Licences = Detect(body)
	}
	return t
}

// judge concludes from the texts and headers of a module which licences it is
// under.
func (l *Lister) judge(m *Module) error {
	named := map[string][]string{} // files by the licence in their header
	var silent []string
	for _, path := range m.files {
		ids, err := l.header(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(m.dir, path)
		if err != nil {
			return fmt.Errorf("naming a file: %w", err)
		}
		name = filepath.ToSlash(name)
		if len(ids) == 0 {
			silent = append(silent, name)
		}
		for _, id := range ids {
			named[id] = append(named[id], name)
		}
	}
	for _, t := range m.Texts {
		m.Licences = append(m.Licences, t.Licences...)
	}
	if len(m.Licences) == 0 {
		if err := l.judgeByHeaders(m, named, silent); err != nil {
			return err
		}
	}
	slices.Sort(m.Licences)
	m.Licences = slices.Compact(m.Licences)
	m.addOthers(named)
	slices.SortFunc(m.Texts, func(a, b Text) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// judgeByHeaders is for a module without a licence at its root, whose files
// name theirs: the licence of most is that of the module. The texts are those
// in its folder of licences that the headers speak of.
func (l *Lister) judgeByHeaders(m *Module, named map[string][]string, silent []string) error {
	most := Unknown
	for id, files := range named {
		if most == Unknown || len(files) > len(named[most]) {
			most = id
		}
	}
	m.Licences = []string{most}
	for _, name := range silent {
		m.Others = append(m.Others, File{Name: name, Licence: Unknown})
	}
	paths, err := filepath.Glob(filepath.Join(m.dir, "[lL][iI][cC][eE][nN][sScC][eE][sS]", "*"))
	if err != nil {
		return fmt.Errorf("looking for licences: %w", err)
	}
	longest := map[string]Text{} // there may be the text and its notice for headers
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading a licence: %w", err)
		}
		found := Detect(string(body))
		if len(found) != 1 || len(named[found[0]]) == 0 || len(body) <= len(longest[found[0]].Body) {
			continue
		}
		name := filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
		longest[found[0]] = Text{Name: name, Body: string(body), Licences: found}
	}
	for _, t := range longest {
		m.Texts = append(m.Texts, t)
	}
	return nil
}

// addOthers names the files whose header says something else than the module.
func (m *Module) addOthers(named map[string][]string) {
	for id, files := range named {
		// A header does not say which of the BSD licences it means.
		if slices.ContainsFunc(m.Licences, func(have string) bool { return family(have) == family(id) }) {
			continue
		}
		for _, name := range files {
			m.Others = append(m.Others, File{Name: name, Licence: id})
		}
	}
	slices.SortFunc(m.Others, func(a, b File) int {
		return strings.Compare(a.Name+" "+a.Licence, b.Name+" "+b.Licence)
	})
}

func (l *Lister) header(path string) ([]string, error) {
	ids, ok := l.headers[path]
	if ok {
		return ids, nil
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the header of a file: %w", err)
	}
	ids = Header(src)
	l.headers[path] = ids
	return ids, nil
}
