#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Error OpenError(const std::string& path, int error_number) {
  if (error_number == ENOENT || error_number == ENOTDIR) {
    return Error::NotFound("there is no file '" + path + "'");
  }
  return Error::System("can't open '" + path + "'", error_number);
}

// The file that PATH names behind all links; PATH where there is none yet.
std::string Target(const std::string& path) {
  std::unique_ptr<char, decltype(&::free)> resolved(
      ::realpath(path.c_str(), nullptr), &::free);
  return resolved ? resolved.get() : path;
}

}  // namespace

MappedFile MappedFile::Open(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) throw OpenError(path, errno);
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) throw OpenError(path, errno);
  if (!S_ISREG(info.st_mode)) {
    throw Error::Io("'" + path + "' is not a regular file");
  }
  MappedFile file;
  file.path_ = path;
  file.size_ = static_cast<size_t>(info.st_size);
  if (file.size_ == 0) return file;
  void* data = ::mmap(nullptr, file.size_, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) {
    file.size_ = 0;
    throw Error::System("can't map '" + path + "'", errno);
  }
  file.data_ = static_cast<const std::byte*>(data);
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void ForgetPages(std::span<const std::byte> bytes) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t first = (begin + page - 1) / page * page;
  const uintptr_t end = (begin + bytes.size()) / page * page;
  if (first >= end) return;
  // Only advice: what fails costs memory, no more.
#if defined(MADV_PAGEOUT)
  ::madvise(reinterpret_cast<void*>(first), end - first, MADV_PAGEOUT);
#endif
}

std::string ReadFile(const std::string& path, uint64_t limit) {
  const bool standard_input = path == "-";
  const Descriptor owned(
      standard_input ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int fd = standard_input ? STDIN_FILENO : owned.get();
  if (fd < 0) throw OpenError(path, errno);
  std::string content;
  size_t size = 0;
  for (;;) {
    content.resize(size + (size < 65536 ? 65536 : size));
    const ssize_t count =
        ::read(fd, content.data() + size, content.size() - size);
    if (count < 0) {
      if (errno == EINTR) continue;
      throw Error::System("can't read '" + path + "'", errno);
    }
    if (count == 0) break;
    size += static_cast<size_t>(count);
    if (size > limit) {
      throw Error::Limit("'" + path + "' is longer than " +
                         std::to_string(limit) + " bytes");
    }
  }
  content.resize(size);
  return content;
}

NewFile::NewFile(const std::string& path) : path_(path), target_(Target(path)) {
  struct stat old;
  if (::stat(target_.c_str(), &old) == 0 && !S_ISREG(old.st_mode)) {
    throw Error::Io("can't write '" + path + "': it is no regular file");
  }
  const std::string prefix = target_ + "." + std::to_string(::getpid()) + ".";
  for (int i = 0; fd_ < 0; ++i) {
    temporary_ = prefix + std::to_string(i);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                 0666);
    if (fd_ < 0 && errno != EEXIST) Fail(errno);
  }
}

NewFile::~NewFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::Write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      Fail(errno);
    }
  }
}

void NewFile::Commit() {
  struct stat old;
  if (::stat(target_.c_str(), &old) == 0 &&
      ::fchmod(fd_, old.st_mode & 07777) != 0) {
    Fail(errno);
  }
  if (::fsync(fd_) != 0) Fail(errno);
  if (::close(std::exchange(fd_, -1)) != 0) Fail(errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) Fail(errno);
  temporary_.clear();
}

void NewFile::Fail(int error_number) const {
  throw Error::System("can't write '" + path_ + "'", error_number);
}

void WriteFileAtomically(const std::string& path, std::string_view content) {
  NewFile file(path);
  file.Write(std::as_bytes(std::span(content)));
  file.Commit();
}

}  // namespace fullstop
