package modelwire

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoGeneratedTypeIsInAPublicDeclaration(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(file)
		for _, declaration := range file.Decls {
			ast.Inspect(signature(declaration), func(node ast.Node) bool {
				if name := generated(node); name != "" {
					t.Errorf("%s is public in %s", name, path)
				}
				return true
			})
		}
	}
}

// signature is the part of a declaration that callers see; nothing of a method of a private type.
func signature(declaration ast.Decl) ast.Node {
	function, ok := declaration.(*ast.FuncDecl)
	if !ok {
		return declaration
	}
	if function.Recv != nil {
		receiver := function.Recv.List[0].Type
		if pointer, ok := receiver.(*ast.StarExpr); ok {
			receiver = pointer.X
		}
		if name, ok := receiver.(*ast.Ident); ok && !name.IsExported() {
			return &ast.EmptyStmt{}
		}
	}
	return function.Type
}

// generated is the name of a type of the stubs or of their library; empty for other nodes.
func generated(node ast.Node) string {
	selector, ok := node.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if from, ok := selector.X.(*ast.Ident); ok && (from.Name == "wire" || from.Name == "thrift") {
		return from.Name + "." + selector.Sel.Name
	}
	return ""
}
