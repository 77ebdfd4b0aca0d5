#include "model/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace fullstop {

ModelKeys::ModelKeys(const ModelFile& file, std::string_view architecture)
    : file_(file), architecture_(architecture) {}

std::string ModelKeys::FullKey(std::string_view key) const {
  return fmt::format("{}.{}", architecture_, key);
}

void ModelKeys::ThrowMissing(std::string_view key) const {
  throw Error::Format(fmt::format("key {} is missing", FullKey(key)))
      .In(file_.path())
      .Advice("convert the model again with a converter that writes it");
}

std::optional<uint64_t> ModelKeys::FindCount(std::string_view key,
                                             int64_t least) const {
  const std::optional<int64_t> value = file_.keys().GetInteger(FullKey(key));
  if (!value) return std::nullopt;
  if (*value < least || *value > std::numeric_limits<int32_t>::max()) {
    throw Error::Format(
        fmt::format("key {} is {}, out of range", FullKey(key), *value))
        .In(file_.path());
  }
  return static_cast<uint64_t>(*value);
}

uint64_t ModelKeys::Count(std::string_view key) const {
  const std::optional<uint64_t> value = FindCount(key, 1);
  if (!value) ThrowMissing(key);
  return *value;
}

uint64_t ModelKeys::Count(std::string_view key, uint64_t fallback) const {
  return FindCount(key, 1).value_or(fallback);
}

uint64_t ModelKeys::CountOrNone(std::string_view key) const {
  return FindCount(key, 0).value_or(0);
}

std::optional<double> ModelKeys::FindPositive(std::string_view key) const {
  const std::optional<double> value = file_.keys().GetFloat(FullKey(key));
  if (value && !(std::isfinite(*value) && *value > 0)) {
    throw Error::Format(fmt::format("key {} is {}, but must be finite and "
                                    "above 0",
                                    FullKey(key), *value))
        .In(file_.path());
  }
  return value;
}

double ModelKeys::Positive(std::string_view key) const {
  const std::optional<double> value = FindPositive(key);
  if (!value) ThrowMissing(key);
  return *value;
}

double ModelKeys::Positive(std::string_view key, double fallback) const {
  return FindPositive(key).value_or(fallback);
}

std::optional<std::string_view> ModelKeys::Text(std::string_view key) const {
  return file_.keys().GetString(FullKey(key));
}

bool ModelKeys::Flag(std::string_view key, bool fallback) const {
  return file_.keys().GetBool(FullKey(key)).value_or(fallback);
}

double ModelKeys::Number(std::string_view key, double fallback) const {
  const double value = file_.keys().GetFloat(FullKey(key)).value_or(fallback);
  if (!std::isfinite(value)) {
    throw Error::Format(fmt::format("key {} is {}", FullKey(key), value))
        .In(file_.path());
  }
  return value;
}

std::vector<bool> ModelKeys::Flags(
    std::string_view key, uint64_t count,
    const std::function<bool(uint64_t index)>& fallback) const {
  std::vector<bool> flags(count);
  const GgufValue* value = file_.keys().Find(FullKey(key));
  if (value == nullptr) {
    for (uint64_t i = 0; i < count; ++i) flags[i] = fallback(i);
    return flags;
  }
  const auto* array = std::get_if<GgufArray>(&value->value);
  if (array == nullptr) {
    const uint64_t period = CountOrNone(key);
    for (uint64_t i = 0; i < count; ++i) {
      flags[i] = period > 0 && (i + 1) % period != 0;
    }
    return flags;
  }
  const auto* given = std::get_if<std::vector<bool>>(array);
  if (given == nullptr || given->size() < count) {
    throw Error::Format(
        fmt::format("key {} is no array of {} flags", FullKey(key), count))
        .In(file_.path());
  }
  std::copy_n(given->begin(), count, flags.begin());
  return flags;
}

std::vector<float> ModelKeys::GlobalNumbers(std::string_view full_key,
                                            uint64_t count) const {
  const GgufValue* value = file_.keys().Find(full_key);
  const bool one =
      value != nullptr && !std::holds_alternative<GgufArray>(value->value);
  const std::vector<float> numbers =
      one ? std::vector<float>(
                count, static_cast<float>(*file_.keys().GetFloat(full_key)))
          : file_.keys().GetFloats(full_key).value_or(std::vector<float>());
  if (numbers.size() < count ||
      !std::ranges::all_of(numbers, [](float x) { return std::isfinite(x); })) {
    throw Error::Format(
        fmt::format("key {} has not {} finite numbers", full_key, count))
        .In(file_.path());
  }
  return numbers;
}

std::vector<uint64_t> ModelKeys::Counts(
    std::string_view key, uint64_t count,
    std::optional<uint64_t> fallback) const {
  const GgufValue* value = file_.keys().Find(FullKey(key));
  if (value == nullptr || !std::holds_alternative<GgufArray>(value->value)) {
    return std::vector<uint64_t>(count,
                                 fallback ? Count(key, *fallback) : Count(key));
  }
  const std::vector<int64_t> given =
      file_.keys().GetIntegers(FullKey(key)).value_or(std::vector<int64_t>());
  const bool fits =
      given.size() >= count && std::ranges::all_of(given, [](int64_t number) {
        return number >= 0 && number <= std::numeric_limits<int32_t>::max();
      });
  if (!fits) {
    throw Error::Format(fmt::format("key {} is no array of {} numbers in range",
                                    FullKey(key), count))
        .In(file_.path());
  }
  return {given.begin(), given.begin() + static_cast<ptrdiff_t>(count)};
}

}  // namespace fullstop
