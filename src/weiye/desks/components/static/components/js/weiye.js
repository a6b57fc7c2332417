// Comfort on top of pages that work without it. No framework; htmx swaps, this file listens.
(() => {
  "use strict";
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Toasts ------------------------------------------------------------------------------------
  const toast = (text, error = false) => {
    const box = document.createElement("div");
    box.className = error ? "wy-toast wy-toast-error" : "wy-toast";
    const words = document.createElement("div");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", "关闭提示");
    close.textContent = "✕";
    box.append(words, close);
    $("#wy-toasts").append(box);
    if (!error) setTimeout(() => box.remove(), 8000);
  };
  $$(".wy-toast:not([data-stay])").forEach((box) => setTimeout(() => box.remove(), 8000));

  const FAILED = {
    401: "登录已过期，请重新登录。",
    403: "您的账号没有这个权限，或页面已过期，请刷新再试。",
    404: "没有找到，可能已被删除。请刷新页面。",
    413: "文件太大了。",
  };
  document.addEventListener("htmx:sendError", () => toast("网络断开了，刚才的操作没有送出，请稍后再试。", true));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    toast(FAILED[status] || "系统出错了，刚才的操作没有完成，请重试。", true);
  });

  // Offline -----------------------------------------------------------------------------------
  const offline = () => { $("#wy-offline").hidden = navigator.onLine; };
  addEventListener("online", offline);
  addEventListener("offline", offline);
  offline();

  // Confirm: <form data-confirm="what will happen" data-confirm-yes="the button's word"> -------
  const dialog = $("#wy-confirm");
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asker = event.submitter?.dataset.confirm ? event.submitter : form;
    if (!asker.dataset.confirm || form.dataset.sure || !dialog.showModal) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    $("#wy-confirm-text").textContent = asker.dataset.confirm;
    $("#wy-confirm-yes").textContent = asker.dataset.confirmYes || "确定";
    dialog.onclose = () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.sure = "1";
      form.requestSubmit(event.submitter);
      delete form.dataset.sure;
    };
    dialog.returnValue = "";
    dialog.showModal();
  }, true);

  // A second click sends nothing twice.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || event.defaultPrevented || event.target.method !== "post") return;
    setTimeout(() => { button.disabled = true; }, 0);
    addEventListener("pageshow", () => { button.disabled = false; }, { once: true });
    document.addEventListener("htmx:afterRequest", () => { button.disabled = false; }, { once: true });
  });

  // Popups close by a click elsewhere and by Escape --------------------------------------------
  document.addEventListener("click", (event) => {
    $$("details[data-popup][open]").forEach((popup) => {
      if (!popup.contains(event.target)) popup.open = false;
    });
    const dismiss = event.target.closest("[data-dismiss]");
    if (dismiss) dismiss.closest(".wy-toast").remove();
    if (event.target.closest("[data-print]")) print();
    const locate = event.target.closest("[data-locate]");
    if (locate) find(locate);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const popup = $("details[data-popup][open]");
      if (popup) { popup.open = false; $("summary", popup).focus(); }
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // Single keys are commands only where nothing is typed.
    if (event.target.closest?.("input, textarea, select, [contenteditable], dialog")) return;
    const search = $("[data-slash]");
    if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
    if (event.key === "?") { event.preventDefault(); keys(); }
  });

  // Filters apply at once -------------------------------------------------------------
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("[data-submit]")) field.form.requestSubmit();
    const zone = field.closest("[data-drop]");
    if (zone) chosen(zone, field);
  });

  // Files -----------------------------------------------------------------------------------------
  const chosen = (zone, input) => {
    const file = input.files[0];
    if (!file) return;
    const limit = Number(zone.dataset.limit);
    if (limit && file.size > limit) {
      input.value = "";
      toast(`文件有 ${(file.size / 1048576).toFixed(0)} MB，最多 ${(limit / 1048576).toFixed(0)} MB，请拆开再传。`, true);
      return;
    }
    $(".wy-drop-name", zone).textContent = `${file.name}（${Math.max(1, Math.round(file.size / 1024))} KB）`;
  };
  ["dragover", "dragleave", "drop"].forEach((kind) => document.addEventListener(kind, (event) => {
    const zone = event.target.closest?.("[data-drop]");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("wy-over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) {
      const input = $("input[type=file]", zone);
      input.files = event.dataTransfer.files;
      chosen(zone, input);
    }
  }));

  // "Use my position": only when asked, sent once, kept nowhere -------------------------------------
  const find = (button) => {
    if (!navigator.geolocation) { toast("这个浏览器不能定位，请选择社区。", true); return; }
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const form = button.closest("form");
        form.elements.lon.value = coords.longitude.toFixed(5);
        form.elements.lat.value = coords.latitude.toFixed(5);
        form.requestSubmit();
      },
      () => { button.disabled = false; toast("没有取得位置，请选择社区。", true); },
      { timeout: 10000, maximumAge: 60000 },
    );
  };

  // Keyboard help: what holds on this page ------------------------------------------------------
  const keys = () => {
    const help = $("#wy-keys");
    if (!help?.showModal || help.open) return;
    $$("[data-keys-for]", help).forEach((line) => { line.hidden = !$(line.dataset.keysFor); });
    help.showModal();
  };
  document.addEventListener("click", (event) => { if (event.target.closest("[data-keys]")) keys(); });

  // Read aloud, in large type: by a voice of the device itself, so that nothing leaves it ----------
  const reader = $("[data-read]");
  if (reader && "speechSynthesis" in window) {
    const voice = () => speechSynthesis.getVoices().find((v) => v.localService && /^zh|^cmn/i.test(v.lang));
    const offer = () => { reader.hidden = !voice(); };
    const label = $("span", reader);
    const stop = () => { speechSynthesis.cancel(); label.textContent = "读给我听"; reader.removeAttribute("aria-pressed"); };
    const SKIPPED = "nav, form, button, summary, .btn, .visually-hidden, [hidden], script";
    const words = () => {
      const copy = $("main").cloneNode(true);
      $$(SKIPPED, copy).forEach((each) => each.remove());
      $$("h1, h2, h3, p, li, dt, dd, td, th, div", copy).forEach((each) => each.append("。"));
      return copy.textContent.split(/[。\n]+/).map((part) => part.trim()).filter(Boolean);
    };
    speechSynthesis.addEventListener?.("voiceschanged", offer);
    offer();
    reader.addEventListener("click", () => {
      if (speechSynthesis.speaking) { stop(); return; }
      label.textContent = "停止朗读";
      reader.setAttribute("aria-pressed", "true");
      const parts = words();
      parts.forEach((part, n) => {
        const said = new SpeechSynthesisUtterance(part);
        said.lang = "zh-CN"; said.voice = voice(); said.rate = 0.9;
        if (n === parts.length - 1) said.onend = stop;
        speechSynthesis.speak(said);
      });
    });
    addEventListener("pagehide", stop);
  }

  // After a form came back with errors, the summary is where reading goes on.
  const focus = (from) => { $("[data-focus]", from)?.focus(); };
  focus(document);
  document.addEventListener("htmx:afterSwap", (event) => focus(event.target));
})();
