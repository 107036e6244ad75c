// Package kernel is under construction.
package kernel
