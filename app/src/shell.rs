//! HTML document around every page.

use axum::http::request::Parts;
use leptos::{
    config::LeptosOptions,
    nonce::{Nonce, use_nonce},
    prelude::*,
    tachys::html::InertElement,
};
use leptos_meta::MetaTags;

use crate::{
    chunks::{IslandPreloads, preload_loader},
    content_policy, links,
    pages::App,
};

/// Leptos hydrates islands when the browser is idle, which may take minutes on a busy one, during
/// which a page neither polls nor reacts. This limits the wait to half a second. A page without an
/// island loads nothing.
const HYDRATE_SOON: &str = "{const idle=window.requestIdleCallback??setTimeout;\
    window.requestIdleCallback=call=>document.querySelector('leptos-island')&&\
    idle(call,{timeout:500})}";

/// A browser's translation replaces texts by `font` elements; the islands would write on into texts
/// that are no longer shown. As soon as such a text changes it returns to its place.
const UNDO_TRANSLATION: &str = "{const fonts=new WeakMap,\
    watch=new MutationObserver(changes=>{\
    for(const{target,type,removedNodes,addedNodes,previousSibling}of changes)\
    if(type=='characterData'){fonts.get(target)?.replaceWith(target);fonts.delete(target)}\
    else for(const text of removedNodes){const font=addedNodes[0]??previousSibling;\
    if(text.nodeType==3&&font?.nodeName=='FONT'){fonts.set(text,font);\
    watch.observe(text,{characterData:true})}}});\
    watch.observe(document,{childList:true,subtree:true})}";

/// Shows times in the zone of the reader, with the full time and the zone on hover. A page has them in
/// UTC. A text that is no time of day stays as it is.
const LOCAL_TIMES: &str = "{const look=node=>{if(node.nodeType==3)node=node.parentNode;\
    if(node?.nodeName!='TIME')return node?.querySelectorAll?.('time').forEach(look);\
    const at=new Date(node.dateTime),text=[...node.childNodes].find(node=>node.nodeType==3);\
    if(isNaN(at)||!/^[-\\d :]+( UTC)?$/.test(text?.data))return;\
    const older=at.toDateString()!=Date().slice(0,15)&&!node.closest('.log'),\
    show=how=>at.toLocaleString([],how),\
    words=show({timeStyle:'medium',hourCycle:'h23',dateStyle:older?'medium':undefined});\
    if(text.data!=words){text.data=words;node.title=show({dateStyle:'full',timeStyle:'full'})}};\
    new MutationObserver(changes=>{for(const{target,addedNodes}of changes)\
    if(target.nodeName=='TIME'||target.nodeType==3)look(target);else addedNodes.forEach(look)})\
    .observe(document,{childList:true,subtree:true,characterData:true})}";

/// HTML document with the scripts that hydrate the islands.
pub(crate) fn shell(options: LeptosOptions) -> impl IntoView {
    content_policy::declare();
    let nonce = use_nonce();
    let base = use_context::<Parts>().map_or_else(String::new, |parts| links::root(&parts));
    let script = [HYDRATE_SOON, UNDO_TRANSLATION, LOCAL_TIMES].concat();
    let style = format!("{}/{}.css", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <base href=base />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=style nonce=nonce.clone() />
                <link id="icon" rel="icon" href="favicon.svg" data-href="favicon.svg" type="image/svg+xml" />
                <AutoReload options=options.clone() />
                <script nonce=nonce.clone() inner_html=script></script>
                {hydration(options, nonce)}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The script that hydrates the islands, without its indentation. What it loads is preloaded beside
/// the islands ([`IslandPreloads`]). Leptos adds the nonce to the script but not to the module preload
/// link, which would be refused. Setting the attribute twice would make it invalid.
fn hydration(options: LeptosOptions, nonce: Option<Nonce>) -> impl IntoView {
    let html = view! { <HydrationScripts options islands=true root="." /> }.to_html();
    let lines = html.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let html = lines.collect::<Vec<_>>().join("\n");
    let (links, script) = html.split_at(html.find("<script").unwrap_or_default());
    let link = "<link rel=\"modulepreload\"";
    let links = match &nonce {
        Some(nonce) => links.replace(link, &format!("{link} nonce=\"{}\"", &**nonce)),
        None => links.to_owned(),
    };
    provide_context(IslandPreloads(links + &preload_loader(nonce)));
    InertElement::new(script.to_owned())
}
