// Forms: saved as they are typed, one part at a time on a phone, characters left.
(() => {
  "use strict";
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const PAUSE = 1200;
  const OUT = "登录已过期，填的内容还在这一页。请在新窗口登录，再回来继续：";

  // Drafts -------------------------------------------------------------------------------------
  // <input name="draft" data-draft="/drafts/" data-draft-fields="{…}"> stands first in the form.
  const cookie = (name) => document.cookie.split("; ").find((c) => c.startsWith(`${name}=`))?.slice(name.length + 1) || "";
  // Signing in elsewhere renews the token; the cookie has the one that counts.
  const token = (form) => cookie("csrftoken") || form.elements.csrfmiddlewaretoken?.value || "";
  const LEFT_OUT = ["csrfmiddlewaretoken", "draft"];
  const kept = (field) => field.name && !LEFT_OUT.includes(field.name) && !field.disabled
    && !["password", "file", "submit", "button", "image", "reset", "search"].includes(field.type)
    && !field.closest("[data-no-draft]") && !field.name.startsWith("take-");

  const read = (form) => {
    const fields = {};
    for (const field of form.elements) {
      if (!kept(field)) continue;
      fields[field.name] ||= [];
      if (field.type === "checkbox" || field.type === "radio") {
        if (field.checked) fields[field.name].push(field.value);
      } else if (field.type === "select-multiple") {
        fields[field.name].push(...[...field.selectedOptions].map((o) => o.value));
      } else fields[field.name].push(field.value);
    }
    return fields;
  };
  const write = (form, fields) => {
    const left = Object.fromEntries(Object.entries(fields).map(([name, values]) => [name, [...values]]));
    for (const field of form.elements) {
      if (!kept(field) || !(field.name in left)) continue;
      const values = left[field.name];
      if (field.type === "checkbox" || field.type === "radio") field.checked = fields[field.name].includes(field.value);
      else if (field.type === "select-multiple") [...field.options].forEach((o) => { o.selected = fields[field.name].includes(o.value); });
      else field.value = values.shift() ?? "";
    }
  };

  const start = (form) => {
    const holder = form.elements.draft;
    if (!holder?.dataset?.draft || form.dataset.kept) return;
    form.dataset.kept = "1";
    const state = $("[data-draft-state]", form);
    let timer = 0, dirty = false, busy = 0, last = Promise.resolve(true), sure = false;
    const say = (text, link) => {
      state.textContent = text;
      if (!link) return;
      const a = document.createElement("a");
      a.href = `/signin/?next=${encodeURIComponent("/drafts/back/")}`;
      a.target = "_blank";
      a.textContent = "登录";
      state.append(a);
    };
    const send = async () => {
      dirty = false;
      const body = new URLSearchParams({ form: holder.value, fields: JSON.stringify(read(form)) });
      try {
        const answer = await fetch(holder.dataset.draft, {
          method: "POST", body, redirect: "manual", headers: { "X-CSRFToken": token(form) },
        });
        if (answer.type === "opaqueredirect" || answer.status === 403) {
          dirty = true;
          say(OUT, true);
          return false;
        }
        const told = await answer.json();
        say(answer.ok ? `已自动保存 ${told.saved}` : told.message);
        if (form.elements.csrfmiddlewaretoken) form.elements.csrfmiddlewaretoken.value = token(form);
        return true;
      } catch {
        dirty = true;
        say("网络断开了，内容还在这一页，联网后会再保存。");
        return null;
      }
    };
    const save = () => {
      clearTimeout(timer);
      busy += 1;
      last = last.then(send).finally(() => { busy -= 1; });
      return last;
    };
    form.addEventListener("input", (event) => {
      if (!kept(event.target)) return;
      dirty = true;
      clearTimeout(timer);
      timer = setTimeout(save, PAUSE);
    });
    addEventListener("online", () => { if (dirty) save(); });
    document.addEventListener("visibilitychange", () => { if (document.hidden && dirty) save(); });
    // What was typed last is kept before the form leaves: if the session is over, nothing is lost.
    form.addEventListener("submit", async (event) => {
      if (sure || event.defaultPrevented || !(dirty || busy)) return;
      event.preventDefault();
      const button = event.submitter, asked = form.dataset.sure;
      clearTimeout(timer);
      const result = dirty ? await save() : await last;
      if (result !== true) {
        state.scrollIntoView({ block: "center" });
        if (button) button.disabled = false;
        return;
      }
      // Never within this very event: a form asked to send itself while it does is not heard.
      await new Promise((go) => { setTimeout(go); });
      sure = true;
      if (asked) form.dataset.sure = "1";
      form.requestSubmit(button);
      delete form.dataset.sure;
      sure = false;
    });

    const back = $("[data-draft-back]", form);
    if (holder.dataset.draftFields) {
      try { write(form, JSON.parse(holder.dataset.draftFields)); back.hidden = false; } catch { /* as it was */ }
      form.dispatchEvent(new Event("input", { bubbles: false }));
    }
    $("[data-draft-discard]", form)?.addEventListener("click", async (event) => {
      const body = new URLSearchParams({ form: holder.value });
      await fetch(event.target.closest("button").dataset.draftDiscard, {
        method: "POST", body, redirect: "manual", headers: { "X-CSRFToken": token(form) },
      });
      location.reload();
    });
  };

  // Characters left ------------------------------------------------------------------------------
  const count = (area) => {
    let left = area.nextElementSibling;
    if (!left?.matches(".wy-left")) {
      left = document.createElement("p");
      left.className = "wy-left";
      area.after(left);
    }
    const rest = area.maxLength - area.value.length;
    left.textContent = area.value ? `还可以写 ${rest} 字` : "";
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("textarea[data-count][maxlength]")) count(event.target);
  });

  // One part at a time, on a phone: <form data-wizard> with .wy-form-section parts -----------------
  const narrow = matchMedia("(max-width: 767.98px)");
  const walk = (form) => {
    const parts = $$(".wy-form-section", form);
    if (parts.length < 2 || form.dataset.walks) return;
    form.dataset.walks = "1";
    const bar = document.createElement("div");
    bar.className = "wy-wizard";
    bar.innerHTML = '<p class="wy-wizard-at" role="status"></p><progress></progress><div class="wy-wizard-act">'
      + '<button type="button" class="btn btn-plain" data-to="-1">上一步</button>'
      + '<button type="button" class="btn btn-primary" data-to="1">下一步</button></div>';
    parts[0].before(bar);
    const foot = bar.lastElementChild;
    parts[parts.length - 1].after(foot);
    let at = Math.max(0, parts.findIndex((part) => $(".wy-bad", part)));
    const show = (focus) => {
      const on = narrow.matches;
      bar.hidden = foot.hidden = !on;
      parts.forEach((part, n) => { part.hidden = on && n !== at; });
      form.classList.toggle("wy-walks", on);
      form.classList.toggle("wy-walking", on && at < parts.length - 1);
      if (!on) return;
      bar.firstElementChild.textContent = `第 ${at + 1} 步，共 ${parts.length} 步`;
      const meter = $("progress", bar);
      meter.max = parts.length; meter.value = at + 1;
      meter.setAttribute("aria-label", "填写进度");
      $("[data-to='-1']", foot).hidden = at === 0;
      $("[data-to='1']", foot).hidden = at === parts.length - 1;
      if (focus) {
        bar.scrollIntoView({ block: "start" });
        const first = $("input:not([type=hidden]), select, textarea", parts[at]);
        if (first) first.focus({ preventScroll: true });
      }
    };
    foot.addEventListener("click", (event) => {
      const to = event.target.closest("[data-to]");
      if (to) { at = Math.min(parts.length - 1, Math.max(0, at + Number(to.dataset.to))); show(true); }
    });
    // A complaint's link leads to its part.
    addEventListener("hashchange", () => {
      const wanted = parts.findIndex((part) => location.hash && $(`[id="${CSS.escape(location.hash.slice(1))}"]`, part));
      if (wanted >= 0) { at = wanted; show(false); $(`[id="${CSS.escape(location.hash.slice(1))}"]`).scrollIntoView(); }
    });
    narrow.addEventListener("change", () => show(false));
    show(false);
  };

  const all = (from) => {
    $$("form", from).forEach(start);
    $$("textarea[data-count][maxlength]", from).forEach(count);
    $$("form[data-wizard]", from).forEach(walk);
  };
  all(document);
  document.addEventListener("htmx:afterSwap", (event) => all(event.target));
})();
