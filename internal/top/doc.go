// Package top shows the state of a running process in a terminal: it asks the process
// for the document of package live, again and again, and draws it.
package top
