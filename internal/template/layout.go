package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxKeyBytes is the longest object key that S3 accepts, in bytes of UTF-8:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const MaxKeyBytes = 1024

// MaxSourceRange is the longest text, in bytes, that {{source_range}} may
// become.
const MaxSourceRange = 200

// Config is what a Layout is compiled from.
type Config struct {
	// Folder is the template of the key up to its last slash. One leading and
	// one trailing slash are dropped; empty means the root of the bucket.
	Folder string
	// FileName is the template of the rest of the key. It holds no slash.
	FileName string
	// Extension, such as ".csv.gz", is appended to the file name of every
	// object unless the template itself ends with it.
	Extension string
	// Variables names the user-defined placeholders.
	Variables []string
	// LoadByAccount permits {{account}}.
	LoadByAccount bool
	// Location is the time zone of {{H}}, {{M}} and {{S}}; nil means UTC.
	Location *time.Location
}

// Layout is a compiled pair of templates. It is immutable and safe for
// concurrent use.
type Layout struct {
	parts         []part // the whole key without the extension
	fileStart     int    // index in parts of the file name's first part
	extension     string
	variables     []string // used ones, by slot
	used          map[string]bool
	loadByAccount bool
	location      *time.Location
	static        string
	reserve       int  // what holes, number and suffix can add to a path
	numbered      bool // "-00002" is appended from the second object on
	named         bool // the template itself ends with the extension
}

// Compile parses and validates the templates. The error names every mistake.
func Compile(cfg Config) (*Layout, error) {
	if err := checkVariables(cfg.Variables); err != nil {
		return nil, err
	}
	if err := checkExtension(cfg.Extension); err != nil {
		return nil, err
	}
	folder, folderErr := parseFolder(cfg.Folder, cfg.Variables)
	file, fileErr := parseFileName(cfg.FileName, cfg.Variables)
	if err := errors.Join(folderErr, fileErr); err != nil {
		return nil, err
	}
	l := &Layout{
		extension:     cfg.Extension,
		used:          map[string]bool{},
		loadByAccount: cfg.LoadByAccount,
		location:      cfg.Location,
		static:        staticPrefix(folder),
	}
	if l.location == nil {
		l.location = time.UTC
	}
	if len(folder) > 0 {
		folder = append(folder, part{kind: kindLiteral, text: "/"})
	}
	l.fileStart = len(folder)
	l.parts = slices.Concat(folder, file)
	l.named = endsWith(file, cfg.Extension)
	l.index()
	if err := l.checkNames(); err != nil {
		return nil, err
	}
	return l, nil
}

// index numbers the variables and gathers what the render loop needs to know.
func (l *Layout) index() {
	slots := map[string]int{}
	for i := range l.parts {
		p := &l.parts[i]
		if p.kind == kindLiteral {
			continue
		}
		l.used[p.text] = true
		if p.kind.isHole() {
			l.reserve += filledBytes(p.kind) - 1
		}
		if p.kind != kindVariable {
			continue
		}
		slot, seen := slots[p.text]
		if !seen {
			slot = len(l.variables)
			slots[p.text] = slot
			l.variables = append(l.variables, p.text)
		}
		p.slot = slot
	}
	l.numbered = !l.used["chunk_id"]
	if l.numbered {
		l.reserve += len("-") + maxNumberDigits
	}
	if !l.used["uuid"] {
		l.reserve += len("-") + uuidBytes // ObjectNaming.Suffix
	}
}

// filledBytes is the most that a hole can become.
func filledBytes(k kind) int {
	switch k { //nolint:exhaustive // the others are digits of a fixed number
	case kindUUID:
		return uuidBytes
	case kindSourceRange:
		return MaxSourceRange
	case kindChunkID:
		return maxNumberDigits
	}
	return k.width()
}

// endsWith reports whether the template of a file name itself ends with the
// extension, behind something else. That a value ends with it does not count:
// the names of a.json and a would meet.
func endsWith(file []part, extension string) bool {
	last := file[len(file)-1]
	return last.kind == kindLiteral && strings.HasSuffix(last.text, extension) &&
		(len(file) > 1 || len(last.text) > len(extension))
}

// endsLikeNumber reports whether the template itself lets every file name end
// in a dash and exactly as many digits as a chunk id has.
func endsLikeNumber(file []part, extension string) bool {
	digits := 0
	for i := len(file) - 1; i >= 0; i-- {
		p := file[i]
		if p.kind != kindLiteral {
			if p.kind.width() == 0 {
				return false
			}
			digits += p.kind.width()
			continue
		}
		text := p.text
		if i == len(file)-1 {
			text = strings.TrimSuffix(text, extension)
		}
		head := strings.TrimRight(text, "0123456789")
		digits += len(text) - len(head)
		if head != "" {
			return digits == chunkIDDigits && strings.HasSuffix(head, "-")
		}
	}
	return false
}

func (l *Layout) checkNames() error {
	if l.used["account"] && !l.loadByAccount {
		return errors.New("load_by_account: it is false, and {{account}} needs it: write load_by_account: true")
	}
	if err := checkChunkID(l.parts); err != nil {
		return err
	}
	if n := l.shortest(); n > MaxKeyBytes {
		return fmt.Errorf("folder: it and file_name leave no room for values: a key would have %d bytes at least, S3 accepts %d: write shorter ones", n, MaxKeyBytes)
	}
	if l.numbered && endsLikeNumber(l.parts[l.fileStart:], l.extension) {
		return errors.New("file_name: a name that ends in a dash and five digits looks like the second or later " +
			"object of another name, which end in -00002 and so on: write another separator, or add {{chunk_id}}")
	}
	return nil
}

// shortest is the least that must be reserved for a key, if all values are of
// one byte.
func (l *Layout) shortest() int {
	n := l.reserve
	for _, p := range l.parts {
		switch {
		case p.kind == kindLiteral:
			n += len(p.text)
		case p.kind == kindVariable, p.kind.isHole():
			n++
		default:
			n += p.kind.width()
		}
	}
	if !l.named {
		n += len(l.extension)
	}
	return n
}

func parseFolder(text string, variables []string) ([]part, error) {
	text = strings.TrimSuffix(strings.TrimPrefix(text, "/"), "/")
	if text == "" {
		return nil, nil
	}
	parts, err := parse(text, variables)
	if err == nil {
		err = checkSegments(parts)
	}
	if err == nil && slices.ContainsFunc(parts, func(p part) bool { return p.kind == kindSourceRange }) {
		err = errors.New("{{source_range}} is known only when an object is complete, " +
			"and would give every object a folder of its own: write it into file_name")
	}
	if err != nil {
		return nil, fmt.Errorf("folder: %w", err)
	}
	return parts, nil
}

func parseFileName(text string, variables []string) ([]part, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("file_name: a template is required, for example {{filename}}-{{chunk_id}}")
	}
	parts, err := parse(text, variables)
	for _, p := range parts {
		if p.kind == kindLiteral && strings.Contains(p.text, "/") {
			return nil, errors.New("file_name: a slash is not allowed: write what is before it into folder")
		}
	}
	if err == nil {
		err = checkSegments(parts)
	}
	if err != nil {
		return nil, fmt.Errorf("file_name: %w", err)
	}
	return parts, nil
}

func checkExtension(extension string) error {
	if extension == "" {
		return nil
	}
	if !strings.HasPrefix(extension, ".") || strings.Trim(extension, ".") == "" ||
		strings.ContainsAny(extension, "/{}") || !utf8.ValidString(extension) || checkLiteral(extension) != nil {
		return fmt.Errorf("extension %q: a dot and a suffix are expected, for example .csv.gz", extension)
	}
	return nil
}

// staticPrefix is what every key starts with: see [Layout.StaticPrefix].
func staticPrefix(folder []part) string {
	if len(folder) == 0 || folder[0].kind != kindLiteral {
		return ""
	}
	text := folder[0].text
	if len(folder) == 1 {
		return text + "/"
	}
	return text[:strings.LastIndexByte(text, '/')+1]
}

// Variables names the user variables that the templates use, in the order in
// which [Values] expects their values. The others need not be evaluated.
func (l *Layout) Variables() []string { return l.variables }

// Uses reports whether the placeholder appears in folder or file name.
func (l *Layout) Uses(name string) bool { return l.used[name] }

// UsesRecordDate reports whether rendering needs the record's own date.
func (l *Layout) UsesRecordDate() bool { return l.DateGranularity() != None }

// UsesToday reports whether rendering needs today's date.
func (l *Layout) UsesToday() bool {
	for _, p := range l.parts {
		if p.kind.isToday() {
			return true
		}
	}
	return false
}

// DateGranularity is the finest date placeholder in use; it is what
// partition_by: auto means.
func (l *Layout) DateGranularity() Granularity {
	switch {
	case l.used["HH"]:
		return Hour
	case l.used["DD"]:
		return Day
	case l.used["MM"]:
		return Month
	case l.used["YYYY"]:
		return Year
	default:
		return None
	}
}

// PerObject reports whether the names differ from object to object by
// themselves, through {{chunk_id}}, {{uuid}} or {{source_range}}.
func (l *Layout) PerObject() bool {
	return l.used["chunk_id"] || l.used["uuid"] || l.used["source_range"]
}

// StaticPrefix is the part of the folder that every key starts with: the text
// before the first placeholder, cut behind its last slash. It has no leading
// slash, and ends in one unless it is empty.
func (l *Layout) StaticPrefix() string { return l.static }

// Extension is what every file name ends with.
func (l *Layout) Extension() string { return l.extension }
