// How a template writes calls, read off a rendering with calls in it.
#ifndef FULLSTOP_PROTOCOL_DERIVE_CALLS_H_
#define FULLSTOP_PROTOCOL_DERIVE_CALLS_H_

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/call_format.h"
#include "protocol/probe.h"

namespace fullstop {

// A message with COUNT calls (1 or 2) whose arguments are a text and a number,
// so that a template which writes them differently shows it.
nlohmann::ordered_json FormatProbeCalls(size_t count, const CallForm& form,
                                        bool as_parts);

// Bytes [begin, end) of a rendering that hold the calls of message MESSAGE and
// nothing else of it.
struct CallSample {
  const Probe& probe;
  size_t message = 0;
  size_t begin = 0;
  size_t end = 0;
  // The prompt that such a message answers.
  std::string_view prompt;
};

// nullopt where the sample shows no call's name, or no arguments.
std::optional<CallFormat> ReadCallFormat(const CallSample& sample);

// One of the forms that are known by their markers, for templates that tell of
// tools and write no calls; WRITES says whether there is such a marker.
std::optional<CallFormat> KnownCallFormat(
    const std::function<bool(std::string_view)>& writes);

// Further forms that are known by their markers, for templates that show one
// way of writing calls where models know several: USUAL is the one shown.
std::vector<CallFormat> KnownOtherFormats(
    const CallFormat& usual,
    const std::function<bool(std::string_view)>& writes);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_DERIVE_CALLS_H_
