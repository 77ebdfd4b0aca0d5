#ifndef FULLSTOP_JINJA_TEMPLATE_H_
#define FULLSTOP_JINJA_TEMPLATE_H_

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "jinja/value.h"

namespace fullstop::jinja {

struct GenerationSpan {
  size_t begin;
  size_t end;
};

struct Rendering {
  std::string text;
  // Ascending, disjoint, gapless over text; neighbours differ in origin.
  std::vector<OriginSpan> origins;
  // What {% generation %} blocks wrote.
  std::vector<GenerationSpan> generations;
};

// The template called raise_exception; message() is what it said.
class TemplateRefusal : public Error {
 public:
  using Error::Error;
};

// Bounds that a hostile template meets; each is an Error (kLimit).
struct Limits {
  uint64_t steps = 50'000'000;       // evaluated nodes and loop turns
  uint32_t depth = 200;              // nested calls, expressions, values
  uint64_t output_bytes = 64 << 20;  // of the text and of any one string
  uint64_t list_items = 4 << 20;     // of any one list (range, repetition)
};

struct RenderOptions {
  Limits limits;
  // What strftime_now reads, as seconds since the epoch, in local time.
  std::function<std::time_t()> now = [] { return std::time(nullptr); };
};

// A compiled chat template: the language of Jinja2 3.1 with the environment
// that transformers sets up (trim_blocks, lstrip_blocks, loop controls,
// generation blocks, raise_exception, strftime_now, its tojson, an immutable
// sandbox). Immutable; any number of threads may render. Copies share.
class Template {
 public:
  // Throws Error (kTemplate, with line and column) where Jinja2 refuses to
  // compile; NAME stands in errors.
  static Template Parse(std::string source, std::string name = "template",
                        const Limits& limits = {});

  // CONTEXT holds the variables. Throws Error: kTemplate where rendering fails
  // (TemplateRefusal where it calls raise_exception), kLimit at a bound.
  Rendering Render(const Dict& context,
                   const RenderOptions& options = {}) const;

  // Names read but never set by the template, as
  // jinja2.meta.find_undeclared_variables, sorted.
  const std::vector<std::string>& undeclared() const;
  // All string constants in the template's data and expressions, in order of
  // appearance: what the template itself may write.
  std::vector<std::string> Literals() const;
  const std::string& source() const;

 private:
  struct Compiled;
  explicit Template(std::shared_ptr<const Compiled> compiled);
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_TEMPLATE_H_
