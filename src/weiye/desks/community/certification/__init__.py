"""就业困难人员认定 at the desks of community, street and county."""
