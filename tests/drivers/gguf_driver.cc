// Prints everything in a GGUF file as JSON. For tests/oracles/gguf_compare.py.

#include <bit>
#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/sha256.h"
#include "format/gguf.h"

namespace {

using nlohmann::json;

template <typename T>
json Plain(const T& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    for (const char c : value) {
      hex += kDigits[static_cast<unsigned char>(c) >> 4];
      hex += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return hex;
  } else if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<uint32_t>(value);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<uint64_t>(value);
  } else if constexpr (std::is_same_v<T, fullstop::GgufArray>) {
    json values = json::array();
    std::visit(
        [&values]<typename E>(const std::vector<E>& elements) {
          for (size_t i = 0; i < elements.size(); ++i) {
            values.push_back(Plain<E>(elements[i]));
          }
        },
        value);
    return values;
  } else if constexpr (std::is_same_v<T, fullstop::GgufValue>) {
    return std::visit([](const auto& inner) { return Plain(inner); },
                      value.value);
  } else {
    return value;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto file = fullstop::GgufFile::Open(argv[1]);
  json entries = json::array();
  for (const auto& entry : file.entries()) {
    entries.push_back({std::string(entry.key), entry.byte,
                       fullstop::GgufTypeName(entry.value),
                       Plain(entry.value)});
  }
  json tensors = json::array();
  for (const auto& tensor : file.tensors()) {
    const std::string_view data(
        reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
    tensors.push_back({tensor.name,
                       std::string(fullstop::TensorTypeName(tensor.type)),
                       tensor.shape, fullstop::Sha256Hex(data)});
  }
  std::cout << json{{"entries", entries}, {"tensors", tensors}};
}
