package table

// PassAll in Options.Pass is all columns, unless one is called so.
const PassAll = "all"

// choosePassed finds the columns of Options.Pass in this file, by the names of its header
// if it has one.
func (c *csvReader) choosePassed(header []string) error {
	names := newHeader(header, c.fields)
	for _, name := range c.options.Pass {
		i, _, err := names.find(name)
		switch {
		case err == nil:
			c.passed = append(c.passed, i)
			c.passedNames = append(c.passedNames, names.names[i])
		case name != PassAll:
			return err
		default:
			for i, name := range names.names {
				c.passed = append(c.passed, i)
				c.passedNames = append(c.passedNames, name)
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
