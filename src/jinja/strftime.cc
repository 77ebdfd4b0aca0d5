#include "jinja/strftime.h"

#include <string>

#include "base/error.h"

namespace fullstop::jinja {
namespace {

// The length of the directive that begins with the "%" at AT: flags, width,
// modifier, letter.
size_t DirectiveLength(std::string_view format, size_t at) {
  size_t end = at + 1;
  const auto skip = [&](std::string_view set) {
    const size_t begin = end;
    while (end < format.size() &&
           set.find(format[end]) != std::string_view::npos) {
      ++end;
    }
    return end - begin;
  };
  skip("-_0^#");
  if (skip("0123456789") > 2) {
    throw Error::Limit("a directive of strftime_now is too wide");
  }
  skip("EO");
  return end < format.size() ? end + 1 - at : end - at;
}

std::string Expand(const std::string& directive, const std::tm& time) {
  // A time without a zone has no name for it, and no fractions are kept.
  if (directive == "%z" || directive == "%Z") return "";
  if (directive == "%f") return "000000";
  if (directive == "%") return directive;
  char buffer[512];
  // The space tells an empty result from one that did not fit.
  const size_t length =
      std::strftime(buffer, sizeof buffer, (directive + " ").c_str(), &time);
  return length == 0 ? directive : std::string(buffer, length - 1);
}

}  // namespace

Text FormatTime(const Text& format, std::time_t time) {
  std::tm parts{};
  localtime_r(&time, &parts);
  const std::string_view bytes = format.view();
  Text out(std::string(), format.origin());
  size_t done = 0;
  for (size_t i = bytes.find('%'); i != std::string_view::npos;
       i = bytes.find('%', done)) {
    out.Append(format, done, i);
    const size_t length = DirectiveLength(bytes, i);
    out.Append(Expand(std::string(bytes.substr(i, length)), parts),
               format.OriginAt(i));
    done = i + length;
  }
  out.Append(format, done, bytes.size());
  return out;
}

}  // namespace fullstop::jinja
