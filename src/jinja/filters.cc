#include "jinja/filters.h"

#include <array>

namespace fullstop::jinja {
namespace {

template <class Entry>
const Entry* FindIn(std::span<const Entry> entries, std::string_view name) {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

[[noreturn]] void FailUnknown(const char* what, const Value& name) {
  if (name.is_undefined()) FailUndefined(name);
  Fail(std::string("there is no ") + what + " named " +
       (name.is_string() ? "'" + name.AsText().bytes() + "'"
                         : "by a value of type " + TypeName(name)));
}

}  // namespace

const FilterEntry* FindFilter(std::string_view name) {
  for (const auto& filters : {StringFilters(), HtmlFilters(), SequenceFilters(),
                              SelectionFilters(), NumberFilters()}) {
    if (const FilterEntry* found = FindIn(filters, name)) return found;
  }
  return nullptr;
}

const TestEntry* FindTest(std::string_view name) {
  return FindIn(Tests(), name);
}

Value ApplyFilter(Runtime* runtime, const Value& name, const Value& input,
                  Arguments* arguments) {
  const FilterEntry* filter =
      name.is_string() ? FindFilter(name.AsText().view()) : nullptr;
  if (filter == nullptr) FailUnknown("filter", name);
  return filter->apply(runtime, input, arguments);
}

bool ApplyTest(Runtime* runtime, const Value& name, const Value& input,
               Arguments* arguments) {
  const TestEntry* test =
      name.is_string() ? FindTest(name.AsText().view()) : nullptr;
  if (test == nullptr) FailUnknown("test", name);
  return test->apply(runtime, input, arguments);
}

}  // namespace fullstop::jinja
