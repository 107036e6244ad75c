package table

import "strconv"

// PassAll in Options.Pass is all columns, unless one is called so.
const PassAll = "all"

// choosePassed finds the columns of Options.Pass in this file, by the names of its header
// if it has one.
func (c *csvReader) choosePassed(header []string) error {
	columns := make([]Column, c.fields)
	for i := range columns {
		columns[i].Name = strconv.Itoa(i + 1)
		if header != nil && header[i] != "" {
			columns[i].Name = header[i]
		}
	}
	for _, name := range c.options.Pass {
		i, err := find(columns, name)
		switch {
		case err == nil:
			c.passed = append(c.passed, i)
			c.passedNames = append(c.passedNames, columns[i].Name)
		case name != PassAll:
			return err
		default:
			for i, column := range columns {
				c.passed = append(c.passed, i)
				c.passedNames = append(c.passedNames, column.Name)
			}
		}
	}
	return nil
}

// Passed returns the names of the columns that Row.Passed has.
func (r *Reader) Passed() []string {
	if c, ok := r.source.(*csvReader); ok {
		return c.passedNames
	}
	return nil
}
