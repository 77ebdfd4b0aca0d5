// The one exception type of the library.
//
// An error says what was wrong, where (a file and a byte, or a template's line
// and column with the line itself and a caret) and what to do about it. The
// library throws for what ends a request, returns what is expected (no match,
// cancelled, end of file) and asserts only what no input can reach. Errors are
// caught in cli/ and server/ alone.
#ifndef FULLSTOP_BASE_ERROR_H_
#define FULLSTOP_BASE_ERROR_H_

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace fullstop {

// Copying is cheap enough for the error path (a few strings). Immutable once
// thrown, so it may travel between threads.
class Error : public std::exception {
 public:
  enum class Kind {
    kUsage,        // the caller's arguments contradict each other or the model
    kNotFound,     // a file, a model, a name that does not exist
    kIo,           // the system refused: rights, disk, a broken pipe
    kFormat,       // foreign bytes that are not what they claim to be
    kUnsupported,  // valid, but not something this program can do
    kLimit,        // a bound on memory, steps, depth, context was met
    kTemplate,     // a chat template failed, or refused with raise_exception
  };

  // WHAT is one sentence without a full stop, lower case, naming the thing and
  // the value found.
  Error(Kind kind, std::string what);

  static Error Usage(std::string what);
  static Error NotFound(std::string what);
  static Error Io(std::string what);
  // As Io, with the text of the given errno appended, and advice where the disk
  // is full.
  static Error System(std::string what, int error_number);
  static Error Format(std::string what);
  static Error Unsupported(std::string what);
  static Error Limit(std::string what);
  static Error Template(std::string what);

  // Each sets one part and returns *this, so that a throw reads as a sentence:
  //   throw Error::Format("tensor data ends past the file").In(path).AtByte(8);
  Error& In(std::string file);
  Error& AtByte(uint64_t byte);
  // LINE and COLUMN count from 1, COLUMN in code points; TEXT is the whole
  // line, without its end.
  Error& AtLine(uint64_t line, uint64_t column, std::string text);
  // What to do: a sentence without a full stop.
  Error& Advice(std::string advice);

  Kind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const std::string& file() const { return file_; }
  std::optional<uint64_t> byte() const { return byte_; }
  std::optional<uint64_t> line() const { return line_; }
  std::optional<uint64_t> column() const { return column_; }
  const std::string& advice() const { return advice_; }

  // Everything, over several lines where there is a place in a text:
  //   message
  //     in FILE, line 3, column 7
  //     {{ messages[ }}
  //           ^
  //     advice
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  void Compose();

  Kind kind_;
  std::string message_;
  std::string file_;
  std::optional<uint64_t> byte_;
  std::optional<uint64_t> line_;
  std::optional<uint64_t> column_;
  std::string line_text_;
  std::string advice_;
  std::string text_;
};

// "usage", "not_found", …: the kind's name in JSON answers.
std::string_view ErrorKindName(Error::Kind kind);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_ERROR_H_
