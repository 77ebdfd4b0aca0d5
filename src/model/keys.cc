#include "model/keys.h"

#include <fmt/format.h>

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

}  // namespace fullstop
