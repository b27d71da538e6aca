package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// find lists the mutations of a package, in the order of its sources.
func find(p *pkg) []*mutation {
	f := &finder{p: p, names: map[string]int{}}
	for _, path := range slices.Sorted(maps.Keys(p.files)) {
		f.source = p.files[path]
		for _, decl := range f.source.ast.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
				f.function = funcName(fn)
				f.walk(fn)
			}
		}
	}
	return f.found
}

// finder goes through the functions of a package.
type finder struct {
	p        *pkg
	source   *source
	function string
	stack    []ast.Node
	number   int
	names    map[string]int
	found    []*mutation
}

func funcName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	receiver := fn.Recv.List[0].Type
	for {
		switch t := receiver.(type) {
		case *ast.StarExpr:
			receiver = t.X
			continue
		case *ast.IndexExpr:
			receiver = t.X
			continue
		case *ast.Ident:
			return t.Name + "." + fn.Name.Name
		}
		return fn.Name.Name
	}
}

func (f *finder) walk(root ast.Node) {
	f.stack = f.stack[:0]
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			f.stack = f.stack[:len(f.stack)-1]
			return true
		}
		f.visit(n)
		f.stack = append(f.stack, n)
		return true
	})
}

// parent is the node around the one that is visited.
func (f *finder) parent() ast.Node {
	if len(f.stack) == 0 {
		return nil
	}
	return f.stack[len(f.stack)-1]
}

// visit adds the mutations that a node itself invites.
func (f *finder) visit(n ast.Node) {
	if s, ok := n.(ast.Stmt); ok && f.inList(s) && removable(s) {
		f.add("leave out", n, n, "if !mutant(%d) { ", " }")
	}
	switch n := n.(type) {
	case *ast.IfStmt:
		f.negate(n.Cond)
	case *ast.CaseClause:
		if f.tagless() {
			for _, cond := range n.List {
				f.negate(cond)
			}
		}
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.ReturnStmt:
		f.results(n)
	case *ast.AssignStmt:
		if (n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN) && f.numeric(n.Rhs[0]) {
			f.add("other sign", n, n.Rhs[0], "mutantMinus(%d, ", ")")
		}
	case *ast.BasicLit:
		f.literal(n)
	}
}

// inList reports whether a statement stands in a list of statements, where
// another may take its place.
func (f *finder) inList(s ast.Stmt) bool {
	switch p := f.parent().(type) {
	case *ast.BlockStmt, *ast.CaseClause:
		return true
	case *ast.CommClause:
		return p.Comm != s
	}
	return false
}

// tagless reports whether the clause that is visited belongs to a switch over
// conditions.
func (f *finder) tagless() bool {
	if len(f.stack) < 2 {
		return false
	}
	s, ok := f.stack[len(f.stack)-2].(*ast.SwitchStmt)
	return ok && s.Tag == nil
}

// fixedCalls stay: without them a program hangs for sure, or keeps something a
// while longer that no test can see.
var fixedCalls = []string{"panic", "Lock", "Unlock", "RLock", "RUnlock", "Done", "Add", "Wait", "Stop", "cancel", "stop"}

// removable says which statements can be left out.
func removable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		return ok && !fixed(call)
	case *ast.DeferStmt:
		return !fixed(s.Call)
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			return false
		}
		for _, to := range s.Lhs {
			if id, ok := to.(*ast.Ident); !ok || id.Name != "_" {
				return true
			}
		}
	case *ast.IncDecStmt:
		return true
	}
	return false
}

func fixed(call *ast.CallExpr) bool {
	name := ""
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		name = fun.Name
	case *ast.SelectorExpr:
		name = fun.Sel.Name
	}
	return slices.Contains(fixedCalls, name)
}

// negate turns a condition round.
func (f *finder) negate(cond ast.Expr) {
	f.add("not", cond, cond, "mutant(%d) != (", ")")
}

func (f *finder) binary(e *ast.BinaryExpr) {
	if f.constant(e) {
		return
	}
	switch e.Op {
	case token.LAND:
		f.add("without the left side of", e, e.X, "(mutant(%d) || (", "))")
		f.add("without the right side of", e, e.Y, "(mutant(%d) || (", "))")
	case token.LOR:
		f.add("without the left side of", e, e.X, "(!mutant(%d) && (", "))")
		f.add("without the right side of", e, e.Y, "(!mutant(%d) && (", "))")
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		if f.ordered(e.X) && f.ordered(e.Y) && !f.is(e.X, types.IsFloat) {
			f.call("boundary", e, map[token.Token]string{token.LSS: "mutantLess", token.LEQ: "mutantAtMost", token.GTR: "mutantMore", token.GEQ: "mutantAtLeast"}[e.Op])
		}
	case token.ADD, token.SUB, token.MUL, token.QUO:
		if f.numeric(e.X) && f.numeric(e.Y) {
			f.call("arithmetic", e, map[token.Token]string{token.ADD: "mutantSum", token.SUB: "mutantDifference", token.MUL: "mutantProduct", token.QUO: "mutantQuotient"}[e.Op])
		}
	default: // operators that are not broken
	}
}

// call replaces an operator by a function of both sides.
func (f *finder) call(kind string, e *ast.BinaryExpr, function string) {
	if m := f.add(kind, e, e, function+"(%d, ", ")"); m != nil {
		m.edits = append(m.edits, edit{at: f.offset(e.OpPos), gone: len(e.Op.String()), text: ","})
	}
}

// results changes what a function returns: the other truth, no error, zero.
func (f *finder) results(r *ast.ReturnStmt) {
	var want *ast.FieldList
	for i := len(f.stack) - 1; i >= 0 && want == nil; i-- {
		switch fn := f.stack[i].(type) {
		case *ast.FuncLit:
			want = orNone(fn.Type.Results)
		case *ast.FuncDecl:
			want = orNone(fn.Type.Results)
		}
	}
	if want.NumFields() != len(r.Results) {
		return
	}
	i := 0
	for _, field := range want.List {
		for range max(len(field.Names), 1) {
			f.result(field.Type, r.Results[i])
			i++
		}
	}
}

func orNone(l *ast.FieldList) *ast.FieldList {
	if l == nil {
		return &ast.FieldList{}
	}
	return l
}

func (f *finder) result(want ast.Expr, e ast.Expr) {
	t := f.p.info.TypeOf(want)
	if id, ok := e.(*ast.Ident); t == nil || ok && id.Name == "nil" {
		return
	}
	basic, _ := t.Underlying().(*types.Basic)
	switch {
	case types.Identical(t, types.Universe.Lookup("error").Type()):
		f.add("no error", e, e, "mutantError(%d, ", ")")
	case basic != nil && basic.Info()&types.IsBoolean != 0:
		if _, logic := e.(*ast.BinaryExpr); !logic || !f.constant(e) {
			f.add("not", e, e, "mutant(%d) != (", ")")
		}
	case basic != nil && basic.Info()&(types.IsNumeric|types.IsString) != 0 && !f.constant(e):
		f.add("zero", e, e, "mutantZero(%d, ", ")")
	}
}

// literal adds one to a number that is written out where a variable could be,
// except in comparisons, whose boundary is moved anyway.
func (f *finder) literal(l *ast.BasicLit) {
	if l.Kind != token.INT {
		return
	}
	for i := len(f.stack) - 1; i >= 0; i-- {
		switch p := f.stack[i].(type) {
		case *ast.IndexExpr, *ast.SliceExpr, *ast.CompositeLit, *ast.ArrayType, *ast.GenDecl:
			return
		case *ast.CallExpr:
			if id, ok := p.Fun.(*ast.Ident); ok && id.Name == "make" {
				return
			}
		case *ast.BinaryExpr:
			if f.constant(p) || i == len(f.stack)-1 && comparison(p.Op) {
				return
			}
		}
	}
	if name := f.typeName(f.p.info.TypeOf(l)); name != "" {
		f.add("one more than", l, l, "mutantMore1["+name+"](%d, ", ")")
	}
}

func comparison(op token.Token) bool {
	switch op {
	case token.LSS, token.LEQ, token.GTR, token.GEQ, token.EQL, token.NEQ:
		return true
	default:
		return false
	}
}

// typeName writes a type down as the file can read it; empty when it cannot.
func (f *finder) typeName(t types.Type) string {
	if basic, ok := t.(*types.Basic); ok && basic.Info()&types.IsUntyped != 0 {
		return ""
	}
	known := true
	name := types.TypeString(t, func(other *types.Package) string {
		if other.Path() == f.p.path {
			return ""
		}
		known = slices.ContainsFunc(f.source.ast.Imports, func(i *ast.ImportSpec) bool {
			return i.Name == nil && strings.Trim(i.Path.Value, `"`) == other.Path()
		})
		return other.Name()
	})
	if !known {
		return ""
	}
	return name
}

func (f *finder) constant(e ast.Expr) bool { return f.p.info.Types[e].Value != nil }

func (f *finder) numeric(e ast.Expr) bool { return f.is(e, types.IsNumeric) }

func (f *finder) ordered(e ast.Expr) bool { return f.is(e, types.IsOrdered) }

func (f *finder) is(e ast.Expr, info types.BasicInfo) bool {
	t := f.p.info.TypeOf(e)
	if t == nil {
		return false
	}
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&info != 0
}

func (f *finder) offset(pos token.Pos) int { return f.p.fset.Position(pos).Offset }

// add notes a mutation that encloses code. about is what its name shows.
func (f *finder) add(kind string, about, code ast.Node, before, after string) *mutation {
	f.number++
	position := f.p.fset.Position(about.Pos())
	text := f.source.text[f.offset(about.Pos()):f.offset(about.End())]
	name := fmt.Sprintf("%s/%s %s: %s: %s", f.p.rel, filepath.Base(f.source.path), f.function, kind, short(text))
	if f.names[name]++; f.names[name] > 1 {
		name += fmt.Sprintf(" #%d", f.names[name])
	}
	depth := len(f.stack)<<32 + f.number
	m := &mutation{name: name, number: f.number, file: f.source.path, line: position.Line, edits: []edit{
		{at: f.offset(code.Pos()), text: fmt.Sprintf(before, f.number), depth: depth},
		{at: f.offset(code.End()), text: after, close: true, depth: depth},
	}}
	f.found = append(f.found, m)
	return m
}
