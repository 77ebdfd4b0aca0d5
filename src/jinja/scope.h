// Which variable a name means. Jinja2 decides that when it compiles: a name
// belongs to the innermost scope that assigns it, wherever in the scope the
// assignment stands; what no scope assigns is looked up in the context as its
// scope begins. The result is a slot for each name.
#ifndef FULLSTOP_JINJA_SCOPE_H_
#define FULLSTOP_JINJA_SCOPE_H_

#include <string>
#include <string_view>
#include <vector>

#include "jinja/ast.h"

namespace fullstop::jinja {

// Completes TREE, which was parsed from SOURCE: slots, scopes, filters, tests.
// Returns the names that are looked up in the context, sorted. Throws Error
// (kTemplate) where Jinja2 can't compile: an unknown filter, a break outside of
// a loop, a name that no scope knows.
std::vector<std::string> ResolveScopes(std::string_view source, Tree* tree);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_SCOPE_H_
