// Filters, tests and global functions by name.
#ifndef FULLSTOP_JINJA_FILTERS_H_
#define FULLSTOP_JINJA_FILTERS_H_

#include <initializer_list>
#include <span>
#include <string_view>

#include "jinja/runtime.h"

namespace fullstop::jinja {

struct FilterEntry {
  std::string_view name;
  Value (*apply)(Runtime* runtime, const Value& input, Arguments* arguments);
};

struct TestEntry {
  std::string_view name;
  bool (*apply)(Runtime* runtime, const Value& input, Arguments* arguments);
};

// nullptr where there is none. The entry lives for ever.
const FilterEntry* FindFilter(std::string_view name);
const TestEntry* FindTest(std::string_view name);

// The filters by subject, one file each.
std::span<const FilterEntry> StringFilters();
std::span<const FilterEntry> HtmlFilters();
std::span<const FilterEntry> SequenceFilters();
std::span<const FilterEntry> SelectionFilters();
std::span<const FilterEntry> NumberFilters();
std::span<const TestEntry> Tests();

bool IsGlobal(std::string_view name);
// The global function NAME, or missing.
Value MakeGlobal(std::string_view name);

// The environment's call_filter and call_test, by a name known only now.
Value ApplyFilter(Runtime* runtime, const Value& name, const Value& input,
                  Arguments* arguments);
bool ApplyTest(Runtime* runtime, const Value& name, const Value& input,
               Arguments* arguments);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_FILTERS_H_
