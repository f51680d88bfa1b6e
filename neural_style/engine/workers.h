// Threads that share the units of each pass.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "kernels/kernel.h"
#include "memory.h"

namespace engine {

struct Cancelled {};

class Workers {
public:
    using Work = std::function<void(int item, Scratch& scratch)>;

    // Threads for this kernel; the one that calls `run` is one of them.
    Workers(const Kernel& kernel, int threads, const std::atomic<bool>& is_cancelled);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    // Does `work` for items 0..count - 1, and waits until all are done. What one of them throws
    // stops the others, and is thrown here.
    void run(int count, const Work& work);

    // Throws `Cancelled` if that is so: for work to call every few milliseconds.
    void check() const {
        if (is_cancelled_) throw Cancelled{};
    }

private:
    void serve(Scratch& scratch);
    void take_items(Scratch& scratch);

    const Kernel& kernel_;
    const std::atomic<bool>& is_cancelled_;
    std::vector<Scratch> scratches_;
    std::vector<std::thread> threads_;

    std::mutex mutex_;
    std::condition_variable started_, stopped_;
    const Work* work_ = nullptr;
    int count_ = 0;
    // Written under the mutex, and read without it by threads that may sleep next.
    std::atomic<long long> round_{0};  // of `run`
    std::atomic<int> busy_{0};         // threads that have not finished this round
    std::atomic<bool> is_closing_{false};
    std::atomic<int> next_item_{0};
    std::exception_ptr error_;
};

}  // namespace engine
