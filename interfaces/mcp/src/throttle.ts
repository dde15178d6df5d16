/** Does something at most once per interval: at once, and again at the interval's end if it was asked for meanwhile. The last asking is never lost. */
export function throttle(act: () => void, interval: number): { ask(): void; end(): void } {
  let pause: NodeJS.Timeout | undefined;
  let asked = false;
  const go = (): void => {
    asked = false;
    pause = setTimeout(over, interval);
    pause.unref();
    act();
  };
  const over = (): void => {
    pause = undefined;
    if (asked) go();
  };
  return {
    ask() {
      if (pause) asked = true;
      else go();
    },
    end() {
      clearTimeout(pause);
      asked = false;
    },
  };
}
