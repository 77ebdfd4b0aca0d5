// One call written as a JSON object, read byte by byte.
#ifndef FULLSTOP_PROTOCOL_JSON_CALL_READER_H_
#define FULLSTOP_PROTOCOL_JSON_CALL_READER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace fullstop {

// Reads {"name": …, "arguments": …} with whatever keys, in whatever order, and
// with the two in an object "function" too. Arguments are handed on as they
// come, once the name is known. A value; a copy costs its texts.
class JsonCallReader {
 public:
  JsonCallReader() = default;
  // The template's own keys; the usual ones count as well. An empty NAME_KEY
  // means that the name itself is the key of the arguments.
  JsonCallReader(std::string name_key, std::string arguments_key)
      : name_key_(std::move(name_key)),
        arguments_key_(std::move(arguments_key)) {}

  // The next byte, the first of which is '{'. Not to be called once done.
  void Put(char byte);

  bool done() const { return done_; }
  // Whether the next byte stands within a text.
  bool quoted() const { return quoted_; }
  // Never empty.
  const std::optional<std::string>& name() const { return name_; }
  const std::optional<std::string>& id() const { return id_; }
  // A key was read that no call has, before the name: this is no call.
  bool strange() const { return strange_; }
  // All bytes so far.
  const std::string& text() const { return text_; }
  // Takes what is known of the arguments since the last call.
  std::string TakeArguments();

 private:
  enum class At { kKey, kColon, kValue, kBehind };

  void PutStructural(char byte);
  void BeginValue(char byte);
  void EndKey();
  void EndValue();
  // The first that is not empty counts.
  void SetName(std::string name);
  bool IsName(const std::string& key) const;
  bool IsArguments(const std::string& key) const;

  std::string name_key_ = "name";
  std::string arguments_key_ = "arguments";
  std::string text_;
  std::string key_;
  std::string value_;
  std::string arguments_;
  std::optional<std::string> name_;
  std::optional<std::string> id_;
  size_t taken_ = 0;  // of value_, where it is the arguments
  At at_ = At::kKey;
  size_t depth_ = 0;
  size_t base_ = 1;  // the depth of the object that holds name and arguments
  bool quoted_ = false;
  bool escaped_ = false;
  bool done_ = false;
  bool strange_ = false;
};

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_JSON_CALL_READER_H_
