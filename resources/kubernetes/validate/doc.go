// Package validate holds the Kubernetes manifests to what an API server would
// say of them: they are built by kustomize, decoded strictly, defaulted and
// validated by the code of Kubernetes itself, and judged by its pod security
// standard "restricted". It is a module of its own, so that nobody else downloads
// Kubernetes.
package validate
