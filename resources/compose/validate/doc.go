// Package validate holds the compose file to the compose specification, with the
// loader of docker compose itself, and to what its services say of each other. It
// is a module of its own, so that nobody else downloads the loader.
package validate
