// Package sbom describes what a Go binary is made of as CycloneDX
// (https://cyclonedx.org/docs/1.6/json/): the modules that the binary itself
// names, their licences, and which needs which.
package sbom

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/resources/release/internal/licence"
)

// Document is a bill of materials.
type Document struct {
	Schema       string       `json:"$schema"`
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	SerialNumber string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     Metadata     `json:"metadata"`
	Components   []Component  `json:"components"`
	Dependencies []Dependency `json:"dependencies"`
}

// Metadata says what the document is about.
type Metadata struct {
	Timestamp string     `json:"timestamp"`
	Lifecycle []Phase    `json:"lifecycles"`
	Component Component  `json:"component"`
	Property  []Property `json:"properties"`
}

// Phase is a part of the life of software.
type Phase struct {
	Phase string `json:"phase"`
}

// Component is the binary, or a module in it.
type Component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Scope      string     `json:"scope,omitempty"`
	Hashes     []Hash     `json:"hashes,omitempty"`
	Licences   []Licence  `json:"licenses,omitempty"`
	PURL       string     `json:"purl"`
	Properties []Property `json:"properties,omitempty"`
}

// Hash is a checksum in hexadecimal digits.
type Hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// Licence is an SPDX expression.
type Licence struct {
	Expression string `json:"expression"`
}

// Property is whatever has no field of its own.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Dependency says which components one needs.
type Dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// Subject is what is described.
type Subject struct {
	// Binary is the path of the executable.
	Binary string
	// Name and Version are those of the release.
	Name, Version string
	// Time is that of the release.
	Time time.Time
	// Inventory has the licences of what is linked.
	Inventory *licence.Inventory
}

// Describe returns the document of a binary. It fails when the binary has a
// module that the inventory does not know, or the other way about.
func Describe(s Subject) (*Document, error) {
	info, err := buildinfo.ReadFile(s.Binary)
	if err != nil {
		return nil, fmt.Errorf("reading what %s is made of: %w", s.Binary, err)
	}
	body, err := os.ReadFile(s.Binary)
	if err != nil {
		return nil, fmt.Errorf("reading the binary: %w", err)
	}
	sum := sha256.Sum256(body)
	known := map[string]*licence.Module{}
	for _, m := range s.Inventory.Modules {
		known[m.Path] = m
	}
	root := known[info.Main.Path]
	if root == nil || !root.Main {
		return nil, fmt.Errorf("the binary is of the module %q, which the list of packages does not have", info.Main.Path)
	}
	doc := &Document{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		SerialNumber: "urn:uuid:" + uuid(sum),
	}
	doc.Metadata = Metadata{Timestamp: s.Time.Format(time.RFC3339), Lifecycle: []Phase{{"build"}}}
	doc.Metadata.Component = component(root, s.Version)
	doc.Metadata.Component.Type, doc.Metadata.Component.Name, doc.Metadata.Component.Scope = "application", s.Name, ""
	doc.Metadata.Component.Hashes = []Hash{{"SHA-256", hex.EncodeToString(sum[:])}}
	for _, setting := range info.Settings {
		doc.Metadata.Property = append(doc.Metadata.Property, Property{Name: "go:build:" + setting.Key, Value: setting.Value})
	}
	if err := doc.addModules(info, known); err != nil {
		return nil, err
	}
	doc.addDependencies(s.Inventory, root, s.Version)
	return doc, nil
}

// addModules adds what the binary says it has, and the standard library.
func (d *Document) addModules(info *buildinfo.BuildInfo, known map[string]*licence.Module) error {
	std := known[licence.Std]
	if have := strings.TrimPrefix(info.GoVersion, "go"); have != std.Version {
		return fmt.Errorf("the binary was built with Go %s, and the packages were listed with %s", have, std.Version)
	}
	d.Components = append(d.Components, component(std, std.Version))
	for _, dep := range info.Deps {
		m := known[dep.Path]
		if m == nil {
			return fmt.Errorf("the binary has the module %s, which the list of packages does not have", dep.Path)
		}
		if dep.Replace != nil {
			dep.Version, dep.Sum = dep.Replace.Version, dep.Replace.Sum
		}
		if m.Version != dep.Version {
			return fmt.Errorf("the binary has %s %s, and the list of packages %s", dep.Path, dep.Version, m.Version)
		}
		c := component(m, m.Version)
		if dep.Sum != "" {
			c.Properties = append(c.Properties, Property{Name: "go:sum", Value: dep.Sum})
		}
		d.Components = append(d.Components, c)
	}
	if len(d.Components) != len(known)-1 { // without the main module
		return fmt.Errorf("the binary has %d modules, and the list of packages %d", len(d.Components), len(known)-1)
	}
	slices.SortFunc(d.Components, func(a, b Component) int { return cmp.Compare(a.Ref, b.Ref) })
	return nil
}

func (d *Document) addDependencies(inv *licence.Inventory, root *licence.Module, version string) {
	refs := map[string]string{}
	for _, m := range inv.Modules {
		refs[m.Path] = purl(m.Path, m.Version)
	}
	refs[root.Path] = purl(root.Path, version)
	for _, m := range inv.Modules {
		needs := make([]string, 0, len(m.Needs))
		for _, path := range m.Needs {
			needs = append(needs, refs[path])
		}
		d.Dependencies = append(d.Dependencies, Dependency{Ref: refs[m.Path], DependsOn: needs})
	}
}

// component describes a module.
func component(m *licence.Module, version string) Component {
	ref := purl(m.Path, version)
	c := Component{Type: "library", Ref: ref, Name: m.Path, Version: version, Scope: "required", PURL: ref}
	if names := m.Names(); names != "" {
		c.Licences = []Licence{{Expression: names}}
	}
	for _, f := range m.Others {
		c.Properties = append(c.Properties, Property{Name: "licence:" + f.Name, Value: f.Licence})
	}
	return c
}

// purl names a module as a package URL (https://github.com/package-url/purl-spec).
func purl(path, version string) string {
	return "pkg:golang/" + path + "@" + strings.ReplaceAll(url.PathEscape(version), "+", "%2B")
}

// uuid makes an identity of version 8 (RFC 9562) from a checksum, so that the
// same binary gives the same document.
func uuid(sum [sha256.Size]byte) string {
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Encode returns the document as JSON.
func (d *Document) Encode() ([]byte, error) {
	out, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the bill of materials: %w", err)
	}
	return append(out, '\n'), nil
}
