package docscheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Literal is a text in the code. What is put in at run time is [Varies].
type Literal struct {
	// Text is the literal, with every verb and everything that is not constant
	// replaced.
	Text string
	// At is the file it is in, and Call what it is an argument of: "Warnf",
	// "Errorf"; empty when it is none.
	At, Call string
}

// Varies stands for what varies in a text.
const Varies = "\x00"

var verb = regexp.MustCompile(`%[-+# 0]*(?:\*|\d+)?(?:\.(?:\*|\d+)?)?(?:\[\d+\])?[a-zA-Z]`)

// Literals reads the texts of all Go files below dirs that are no tests.
func Literals(root string, dirs ...string) ([]Literal, error) {
	var all []Literal
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testutil" || d.Name() == "testdata" || d.Name() == "encodetest") {
				return filepath.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			found, err := literals(path)
			all = append(all, found...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func literals(path string) ([]Literal, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, err
	}
	var found []Literal
	inside := map[ast.Expr]bool{} // parts of what has been taken as a whole
	add := func(e ast.Expr, call string) {
		if inside[e] {
			return
		}
		if text, ok := text(e, inside); ok {
			found = append(found, Literal{Text: text, At: path, Call: call})
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.CallExpr:
			name := called(n)
			for _, arg := range n.Args {
				add(arg, name)
			}
		case *ast.BinaryExpr:
			add(n, "")
		case *ast.BasicLit:
			add(n, "")
		}
		return true
	})
	return found, nil
}

// called names the function or method of a call.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

// text reads a literal, or a sum with one.
func text(e ast.Expr, inside map[ast.Expr]bool) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		inside[e] = true
		return verb.ReplaceAllString(s, Varies), err == nil
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		left, isLeft := text(e.X, inside)
		right, isRight := text(e.Y, inside)
		if !isLeft && !isRight {
			return "", false
		}
		inside[e] = true
		if !isLeft {
			left = Varies
		}
		if !isRight {
			right = Varies
		}
		return left + right, true
	}
	return "", false
}

// shortest is how much of a quotation must be fixed, so that it says something.
const shortest = 10

// Quotes reports whether a quotation, in which "..." stands for what varies, is
// one of a literal: its parts appear in it in order, from its beginning, and
// they are all of it that does not vary.
func Quotes(quotation string, l Literal) bool {
	parts := strings.Split(quotation, "...")
	rest, fixed := l.Text, 0
	for i, part := range parts {
		part = strings.TrimSpace(part)
		at := strings.Index(rest, part)
		if at < 0 || i == 0 && at > 0 {
			return false
		}
		rest = rest[at+len(part):]
		fixed += len(part)
	}
	if parts[len(parts)-1] != "" && strings.Trim(rest, Varies+" ") != "" {
		return false // it goes on, and the quotation does not say so
	}
	return fixed >= shortest
}
